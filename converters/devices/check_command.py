"""`fer-edge check-edgetpu`."""

import json
from dataclasses import asdict

import click


@click.command("check-edgetpu")
@click.argument("models", nargs=-1, required=True, metavar="NAME|FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def check_edgetpu(models: tuple[str, ...], as_json: bool) -> None:
    """List the operators of a .tflite file that the Edge TPU can run.

    NAME is a bundled model, or a bundled face detector: yunet, yunet-320x192. The check does not
    run the model: it compares the graph with Google's documentation. `fer-edge convert --edgetpu`
    compiles.

    \b
    Examples:
        fer-edge check-edgetpu compact yunet-320x192
        fer-edge check-edgetpu models/my-int8-ptq.tflite
    """
    from .edgetpu import check_edgetpu as check

    reports = {model: check(model) for model in models}
    if as_json:
        click.echo(json.dumps({model: asdict(report) for model, report in reports.items()}))
        return
    click.echo("\n\n".join(f"{model}:\n{report}" for model, report in reports.items()))
