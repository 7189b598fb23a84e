"""Table of trained run folders: accuracy, size and latency.

The table is in docs/explanation/architectures.md.

Every run is converted (float32, int8 post-training, and int8 of its quantization-aware network, if
it has one) and scored through the served path on the validation faces. Latencies of the int8 files
are measured in rounds over all of them on one core. No file is kept, and no gate is applied.

    python -m benchmarks.architectures runs/* --data faces.npz
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.converted import Converted
from fer_edge.converters.options import Options
from fer_edge.converters.sources.source import open_run
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.runfolder import RECIPE, load_info
from fer_edge.runtime.measurement.probes.measuring import benchmark_models
from fer_edge.runtime.measurement.probes.results import Plan
from fer_edge.training.recipes.recipe import parse_recipe
from fer_edge.training.reporting.history import load_history
from fer_edge.training.run import QAT_HISTORY

from .command import PATH, Benchmark, data_option

SHOW = Gate(max_drop_points=100)


@dataclass(frozen=True, slots=True)
class Row:
    """A converted run."""

    run: Path
    epochs: int
    qat_epochs: int
    faces: int
    size_px: int
    files: dict[str, Converted]

    @property
    def int8(self) -> Converted:
        """The file with the size and latency for the table."""
        return self.files["int8-ptq"]


@click.command(cls=Benchmark)
@click.argument("runs", nargs=-1, required=True, type=PATH)
@data_option
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1))
def main(runs: tuple[Path, ...], data: Path, rounds: int) -> None:
    """Print a row for each of RUNS, with the lowest latency first."""
    faces = load_faceset(data)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_convert(run, faces, Path(folder)) for run in runs]
        paths = [row.int8.path for row in rows]
        results = benchmark_models(paths, None, plan=Plan(rounds=rounds, cold_starts=1)).models
        lines = [
            (median_ms, _line(row, median_ms))
            for row, result in zip(rows, results, strict=True)
            for median_ms in (result.timings[0].steady.median_ms,)
        ]
    click.echo(
        "| architecture | input | parameters | MACs | faces | epochs float + QAT | float "
        "| int8 PTQ | int8 QAT | int8 file | latency |\n| --- " + "| --- " * 10 + "|"
    )
    for _, line in sorted(lines):
        click.echo(line)


def _convert(run: Path, faces: FaceSet, folder: Path) -> Row:
    click.echo(f"converting {run}", err=True)
    options = Options(("float32", "int8"), gate=SHOW, overwrite=True)
    results = convert_source(open_run(run), faces, folder, options)
    recipe = parse_recipe((run / RECIPE).read_text("utf-8"), where=str(run / RECIPE))
    quantized = run / QAT_HISTORY
    return Row(
        run=run,
        epochs=len(load_history(run / "history.csv")),
        qat_epochs=len(load_history(quantized)) if quantized.exists() else 0,
        faces=recipe.train_faces or load_info(run).data.train,
        size_px=recipe.size_px,
        files={item.path.stem.removeprefix(f"{run.name}-"): item for item in results},
    )


def _line(row: Row, latency_ms: float) -> str:
    card = read_model(row.int8.path).card
    cells = [
        f"`{load_info(row.run).architecture}`",
        f"{row.size_px}x{row.size_px}",
        f"{card.parameters:,}",
        f"{card.macs / 1e6:.1f} M",
        f"{row.faces:,}",
        f"{row.epochs} + {row.qat_epochs}",
        *(
            f"{row.files[name].score.accuracy:.2%}" if name in row.files else "not trained"
            for name in ("float32", "int8-ptq", "int8-qat")
        ),
        f"{row.int8.size_bytes / 1e6:.2f} MB",
        f"{latency_ms:.3f} ms",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
