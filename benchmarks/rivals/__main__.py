"""Comparison of fer-edge with packages of PyPI and npm that have weights, on one CPU core.

    python -m benchmarks.rivals --data faces.npz --clip c.mp4 --out rivals.md --picture frontier.png

Each package runs in a separate environment (created in --environments, hundreds of megabytes) and
process. Latencies are measured in rounds over all of them. The faces are PublicTest's, already
cropped; for a frame of the clip, each system uses its own detector.
"""

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import click
import numpy as np

from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.runtime.capture.video import Video

from ..command import PATH, Benchmark, data_option
from .environments import node_rival, our_own, python_rival
from .page import Measured, page_of
from .picture import plot_frontier
from .worker import Worker

FACE_RUNS = 50


@click.command(cls=Benchmark)
@data_option
@click.option("--clip", type=PATH, required=True)
@click.option(
    "--environments",
    type=PATH,
    default=Path(tempfile.gettempdir()) / "fer-edge-rivals",
    show_default=True,
)
@click.option(
    "--models", default="compact", show_default=True, help="Bundled models, separated by commas."
)
@click.option(
    "--without", multiple=True, help="Package to leave out: fer, facex or face-api; repeatable."
)
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--core", default=0, show_default=True, help="CPU core for all of them.")
@click.option("--out", type=PATH, help="File for the page.")
@click.option("--picture", type=PATH, help="PNG file for the chart.")
def main(
    data: Path,
    clip: Path,
    environments: Path,
    models: str,
    without: tuple[str, ...],
    rounds: int,
    core: int,
    out: Path | None,
    picture: Path | None,
) -> None:
    """Measure all systems, and print the page."""
    faces = load_faceset(data).part("validation")  # before environments are created
    rivals = our_own(environments / "fer-edge", models.split(","))
    if "fer" not in without:
        weights = "fer/data/emotion_model_quantized.tflite"
        rivals.append(
            python_rival(environments / "fer", "fer", "25.10.3", weights, "fer_package.py")
        )
    if "facex" not in without:
        weights = "facex/assets/model_optimized.tflite"
        rivals.append(
            python_rival(environments / "facex", "facex", "1.1.0", weights, "facex_package.py")
        )
    if "face-api" not in without:
        rivals.append(node_rival(environments / "face-api", "1.7.15"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        raw = Path(folder) / "clip.bgr"
        shape = _decode(clip, raw)
        workers = [running.enter_context(Worker(rival, raw, shape, core)) for rival in rivals]
        measured = _measure(workers, faces, rounds)
    page = page_of(measured, faces, clip, shape, rounds)
    if out is not None:
        out.write_text(page, "utf-8")
    if picture is not None:
        plot_frontier(measured, len(faces), picture)
    click.echo(page)


def _decode(clip: Path, raw: Path) -> tuple[int, ...]:
    """Write the clip's frames as raw BGR; return (count, height, width, 3)."""
    with closing(Video(clip)) as video:
        frames = [frame.image for frame in video]
    stack = np.stack(frames)
    stack.tofile(raw)
    return stack.shape


def _measure(workers: list[Worker], faces: FaceSet, rounds: int) -> list[Measured]:
    truth = np.array(faces.class_names)[faces.labels]
    said = {}
    for worker in workers:
        click.echo(f"{worker.rival.name} reads {len(faces)} faces", err=True)
        said[worker] = worker.labels(faces.images)
        worker.ask(do="frames_ms")  # warm-up
    face_ms: dict[Worker, list[float]] = {worker: [] for worker in workers}
    frame_ms: dict[Worker, list[float]] = {worker: [] for worker in workers}
    for number in range(rounds):
        click.echo(f"round {number + 1} of {rounds}", err=True)
        for worker in workers:
            face_ms[worker] += worker.ask(do="face_ms", runs=FACE_RUNS)["ms"]
            frame_ms[worker] += worker.ask(do="frames_ms")["ms"]
    measured = []
    for worker in workers:
        right = said[worker] == truth
        measured.append(
            Measured(
                rival=worker.rival,
                accuracy=float(right.mean()),
                accuracy_without_twins=float(right[~faces.duplicates].mean()),
                balanced=float(np.mean([right[truth == name].mean() for name in set(truth)])),
                face_ms=np.array(face_ms[worker]),
                frame_ms=np.array(frame_ms[worker]),
                memory_mb=worker.ask(do="memory")["mb"],
            )
        )
    return measured


if __name__ == "__main__":
    main()
