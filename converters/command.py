"""`fer-edge convert`."""

from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=PATH)
@click.option("--data", type=PATH, required=True, help="The .npz face set the run was trained on.")
@click.option("--out", type=PATH, required=True, help="The folder to write into.")
@click.option("--int8", is_flag=True, help="Full-integer int8: PTQ, and QAT if the run has it.")
@click.option("--float32", is_flag=True, help="The float network as it is.")
@click.option(
    "--input-type", type=click.Choice(["uint8", "int8"]), default="uint8", show_default=True
)
@click.option(
    "--output-type", type=click.Choice(["uint8", "int8"]), default="uint8", show_default=True
)
@click.option("--calibration-faces", default=512, show_default=True, type=click.IntRange(1))
@click.option("--calibration-seed", default=0, show_default=True, type=click.IntRange(0))
@click.option(
    "--max-drop",
    "max_drop_points",
    default=0.5,
    show_default=True,
    help="Points of accuracy; an int8 file that loses more is not written.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
def convert(
    run: Path, data: Path, out: Path, int8: bool, float32: bool, as_json: bool, **settings: Any
) -> None:
    """Turn a trained run into .tflite files, scored through the served path.

    Each file carries its card and labels. Its accuracy is measured on the face set's validation
    part with the very code that serves it, beside the float network's.

    \b
    Example:
        fer-edge convert runs/best --int8 --float32 --data faces.npz --out models
    """
    if not (int8 or float32):
        raise click.UsageError("choose what to write: --int8, --float32 or both")
    import json

    from fer_edge.faceset import load_faceset
    from fer_edge.runfolder import load_info
    from fer_edge.schema import encode

    load_info(run)  # brings a clear error before TensorFlow takes its seconds
    faces = load_faceset(data)

    from .run import Converted, Options, convert_run

    settings["replace"] = settings.pop("overwrite")
    results = convert_run(run, faces, out, Options(int8=int8, float32=float32, **settings))
    if as_json:
        records = [
            {
                "path": str(item.path),
                "size_bytes": item.size_bytes,
                "score": encode(item.score),
                "agreement": encode(item.agreement),
            }
            for item in results
        ]
        click.echo(json.dumps(records))
        return

    def line(item: Converted) -> str:
        score, agreement = item.score, item.agreement
        text = (
            f"{item.path.name:28} {item.size_bytes / 1e6:5.2f} MB  accuracy {score.accuracy:.2%}  "
            f"without twins {score.accuracy_without_duplicates:.2%}  "
            f"balanced {score.balanced_accuracy:.2%}"
        )
        if agreement is None:
            return text
        low, high = agreement.interval
        return (
            f"{text}\n{'':28} against float32: {100 * agreement.difference:+.2f} points "
            f"[{100 * low:+.2f}, {100 * high:+.2f}], agreement {agreement.top1:.2%}, "
            f"fixed {agreement.fixed}, broken {agreement.broken}"
        )

    click.echo(f"{results[0].score.n} {results[0].score.split} faces, through the served path:")
    for item in results:
        click.echo(line(item))
    click.echo(f"written to {out}")
