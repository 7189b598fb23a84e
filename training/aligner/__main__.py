"""Train the face aligner.

    python -m fer_edge.training.aligner --data faces.npz --out runs/aligner

It takes about ten minutes on two cores. `python -m fer_edge.converters.aligner` makes the file from
the folder:

    aligner.keras   the network
    views.npz       views to calibrate and to measure the file: `calibration`, `squares`, `offsets`
                    (`fitting.Views`), and `data`, the face set's digest
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerEdgeError, OutputError
from fer_edge.faces.faceset import load_faceset
from fer_edge.files import whole_file

from .fitting import fit_aligner, make_views

NETWORK, VIEWS = "aligner.keras", "views.npz"
_CALIBRATION, _MEASURED = 500, 2000


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="FILE.npz")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER")
@click.option("--epochs", default=50, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True)
@click.option("--faces", "most", default=None, type=click.IntRange(1), help="Use the first N only.")
def main(data: Path, out: Path, epochs: int, seed: int, most: int | None) -> None:
    """Train the face aligner on the faces of a face set, without their labels."""
    try:
        faces = load_faceset(data)
        path = out / NETWORK
        if path.exists():
            raise OutputError(f"{path} already exists; pass another --out, or delete it")
        train = faces.part("train").images[:most]
        held_out = faces.part("validation").images[:most]
        network = fit_aligner(train, held_out, epochs=epochs, seed=seed, on_epoch=_say)
        out.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(seed + 2)
        calibration = make_views(random.permutation(train)[:_CALIBRATION], train, random)
        measured = make_views(held_out[:_MEASURED], held_out, random)
        with whole_file(out / VIEWS) as temporary:
            np.savez_compressed(
                temporary,
                calibration=calibration.pixels,
                squares=measured.pixels,
                offsets=measured.offsets,
                data=np.array(faces.digest),
            )
        with whole_file(path) as temporary:
            network.save(temporary)
    except FerEdgeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {path}")


def _say(number: int, errors: NDArray[np.float32]) -> None:
    roll, log_scale, x, y = errors.tolist()
    click.echo(
        f"epoch {number}: median errors: roll {roll:.1f} degrees, scale {100 * log_scale:.1f}%, "
        f"x {100 * x:.1f}%, y {100 * y:.1f}% of a side"
    )


if __name__ == "__main__":
    main()
