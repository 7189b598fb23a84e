"""`fer-edge check-edgetpu`."""

import json
from dataclasses import asdict

import click

from fer_edge.shown import without_controls


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
    from fer_edge.errors import ModelError

    from .edgetpu import check_edgetpu as check

    reports = {}
    for model in models:
        try:
            reports[model] = check(model)
        except ModelError as error:  # the other files are still checked
            place = "" if model in str(error) else f"{model}: "
            click.echo(f"fer-edge: error: {place}{' '.join(str(error).split())}", err=True)
    if as_json:
        click.echo(json.dumps({model: asdict(report) for model, report in reports.items()}))
    elif reports:
        texts = (f"{model}:\n{report}" for model, report in reports.items())
        click.echo(without_controls("\n\n".join(texts)))
    if len(reports) < len(set(models)):
        raise click.exceptions.Exit(1)
