"""Convert a trained aligner: `python -m fer_edge.converters.aligner runs/aligner --out FILE`."""

from pathlib import Path

import click
import numpy as np

from fer_edge.errors import FerEdgeError

from ..tensorflow_keras import keras
from .conversion import convert_aligner


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.tflite")
def main(run: Path, out: Path) -> None:
    """Convert the folder of `python -m fer_edge.training.aligner` to an int8 file."""
    try:
        with np.load(run / "views.npz") as views:
            file = convert_aligner(
                keras.models.load_model(run / "aligner.keras", compile=False),
                views["calibration"],
                views["squares"],
                views["offsets"],
                data=str(views["data"]),
                out=out,
            )
    except FerEdgeError as error:
        raise click.ClickException(str(error)) from error
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"{run} is not a trained aligner: {error}") from error
    click.echo(f"wrote {out}: {file.size_bytes:,} bytes, {file.card.errors}")


if __name__ == "__main__":
    main()
