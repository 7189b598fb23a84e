"""Markdown table of model files: size, accuracy and agreement from the cards, and latency.

Latencies are measured in rounds over all files on one core, so that drift of the machine affects
all of them. Each is also given as a ratio to the first file.

    fer-edge convert runs/best --data faces.npz --out models \\
        --float32 --float16 --dynamic --int8 --int16x8
    python -m benchmarks.conversion_table models/*.tflite
"""

from pathlib import Path

import click

from fer_edge.model.file import read_model
from fer_edge.runtime.measurement.probes.measuring import benchmark_models
from fer_edge.runtime.measurement.probes.results import Plan

from .command import PATH, Benchmark


@click.command(cls=Benchmark)
@click.argument("models", nargs=-1, required=True, type=PATH)
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1))
def main(models: tuple[Path, ...], rounds: int) -> None:
    """Print a row for each of MODELS; each needs a card with scores."""
    files = [read_model(path) for path in models]
    results = benchmark_models(list(models), None, plan=Plan(rounds=rounds, cold_starts=1)).models
    click.echo(
        "| file | size | accuracy | without duplicates | against float, points | agreement "
        "| latency, median (p95) | times the first |\n| --- " + "| --- " * 7 + "|"
    )
    first = results[0].timings[0].steady.median_ms
    for file, result in zip(files, results, strict=True):
        score, agreement = file.card.served_score(), file.card.agreement
        if score is None or agreement is None:
            raise click.ClickException(f"{file.path} has no scores in its card; convert it again")
        low, high = (100 * end for end in agreement.interval)
        latency = result.timings[0].steady
        click.echo(
            f"| `{file.card.name}` | {file.size_bytes / 1e6:.2f} MB | {score.accuracy:.2%} "
            f"| {score.accuracy_without_duplicates:.2%} "
            f"| {100 * agreement.difference:+.2f} [{low:+.2f}, {high:+.2f}] "
            f"| {agreement.top1:.2%} | {latency.median_ms:.3f} ms ({latency.p95_ms:.3f}) "
            f"| {latency.median_ms / first:.2f} |"
        )


if __name__ == "__main__":
    main()
