"""`fer-edge benchmark`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .device import Device
    from .measuring import ModelResult

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--data", type=PATH, help="A .npz face set, for accuracy and agreement.")
@click.option("--split", default="validation", show_default=True, help="Of the face set.")
@click.option("--reference", help="Agreement is taken against this one; the first float32 one.")
@click.option("--rounds", default=10, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
def benchmark(
    models: tuple[str, ...],
    data: Path | None,
    split: str,
    reference: str | None,
    rounds: int,
    as_json: bool,
) -> None:
    """Compare models: size, accuracy, agreement with float, latency, memory.

    MODEL is a bundled model's name or a .tflite file. Latency is measured for one thread and for
    all cores, in rounds over all models. Accuracy goes through the served path.

    \b
    Example:
        fer-edge benchmark models/*.tflite --data faces.npz
    """
    import json

    from fer_edge.bundled import find_model
    from fer_edge.faceset import load_faceset
    from fer_edge.schema import encode

    from .device import describe_device, usable_cores
    from .measuring import RUNS_PER_ROUND, benchmark_models

    paths = [find_model(name) for name in models]
    faces = load_faceset(data).part(split) if data is not None else None
    device = describe_device()
    threads = tuple(sorted({1, usable_cores()}))
    stream = sys.stderr
    with click.progressbar(
        length=len(paths) + rounds,
        label="measuring",
        file=stream,
        hidden=not stream.isatty(),
    ) as bar:
        results = benchmark_models(
            paths,
            faces,
            reference=find_model(reference) if reference else None,
            threads=threads,
            rounds=rounds,
            on_step=bar.update,
        )
    if as_json:
        records = [{**encode(item), "path": str(item.path)} for item in results]
        click.echo(json.dumps({"device": encode(device), "models": records}))
        return
    click.echo(_describe(device))
    if faces is not None:
        clean = int((~faces.duplicates).sum())
        click.echo(f"faces: {len(faces)} {split} faces of {data}; {clean} without a twin in train")
    click.echo(
        f"latency: one face, batch 1; {rounds} interleaved rounds of {RUNS_PER_ROUND} runs after "
        "warm-up\n"
    )
    click.echo(_table(results))


def _describe(device: "Device") -> str:
    name = f"{device.board} " if device.board else ""
    return (
        f"device: {name}{device.cpu}, {device.machine}, {device.cores} cores, governor "
        f"{device.governor}, load {device.load:.2f}\nsoftware: {', '.join(device.versions)}"
    )


def _table(results: "list[ModelResult]") -> str:
    header = ["model", "numbers", "MB", "params", "MACs", "top-1", "no twins", "agrees"]
    for latency in results[0].latencies:
        plural = "s" if latency.threads > 1 else ""
        header += [f"{latency.threads} thread{plural}: median", "p95 ms"]
    header += ["peak MB", "added MB"]
    rows = [header]
    for item in results:
        row = [
            item.name,
            item.numbers,
            f"{item.size_bytes / 1e6:.3f}",
            f"{item.parameters:,}",
            f"{item.macs / 1e6:.1f} M",
            f"{item.scores.accuracy:.2%}" if item.scores else "-",
            "-"
            if item.accuracy_without_duplicates is None
            else f"{item.accuracy_without_duplicates:.2%}",
            f"{item.agreement.top1:.2%}" if item.agreement else "-",
        ]
        for latency in item.latencies:
            row += [f"{latency.median_ms:.3f}", f"{latency.p95_ms:.3f}"]
        row += [f"{item.peak_memory_mb:.0f}", f"{item.added_memory_mb:.1f}"]
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)
