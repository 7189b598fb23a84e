"""Comparison of our latency with LiteRT's own benchmark tool, within 10%.

`ai_edge_litert.tools.benchmark_litert_model` is part of the wheel. It runs the file through another
API (CompiledModel), in a separate process, and times the inference alone; ours times writing the
input, the inference and reading the output. Both take turns on the same file and thread count; the
medians of their medians are compared. The tool prints two decimals of a millisecond. For a file
that takes 0.2 ms, this is a resolution of 5% in one round, and a finer one over many rounds.

    python -m benchmarks.litert_tool fer_edge/model/files/compact.tflite models/*-float32.tflite
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from fer_edge.runtime.measurement.probes.candidate import Candidate, inference, read_candidate
from fer_edge.runtime.measurement.probes.latency import measure_in_rounds

from .command import PATH, Benchmark

TOOL = "ai_edge_litert.tools.benchmark_litert_model"
RUNS, WARM_UP = 500, 50
LARGEST_GAP = 0.10


@click.command(cls=Benchmark)
@click.argument("models", nargs=-1, required=True, type=PATH)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--rounds", default=11, show_default=True, type=click.IntRange(1))
def main(models: tuple[Path, ...], threads: int, rounds: int) -> None:
    """Print a Markdown row for each of MODELS; exit with 1 if one differs by more than 10%."""
    candidates = [read_candidate(path) for path in models]
    ours: dict[Path, list[float]] = {path: [] for path in models}
    theirs: dict[Path, list[float]] = {path: [] for path in models}
    for number in range(rounds):
        click.echo(f"round {number + 1} of {rounds}", err=True)
        for candidate in candidates:
            ours[candidate.path].append(_ours_ms(candidate, threads))
            theirs[candidate.path].append(_theirs_ms(candidate.path, threads))
    click.echo("| file | fer-edge, ms | LiteRT's tool, ms | ratio | range of the rounds' ratios |")
    click.echo("| --- | ---: | ---: | ---: | ---: |")
    agree = True
    for candidate in candidates:
        mine, tool = (statistics.median(found[candidate.path]) for found in (ours, theirs))
        pairs = zip(ours[candidate.path], theirs[candidate.path], strict=True)
        ratios = sorted(a / b for a, b in pairs if b)
        agree &= bool(tool) and abs(mine / tool - 1) <= LARGEST_GAP
        click.echo(
            f"| `{candidate.name}` | {mine:.3f} | {tool:.3f} | {mine / tool:.3f} "
            f"| {ratios[0]:.3f} to {ratios[-1]:.3f} |"
        )
    if not agree:
        raise click.ClickException("a file differs by more than 10%; the machine may be busy")


def _ours_ms(candidate: Candidate, threads: int) -> float:
    [found] = measure_in_rounds({0: inference(candidate, None, threads)}, RUNS // 50).values()
    return found.median_ms


def _theirs_ms(path: Path, threads: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", TOOL, f"--model={path}", f"--num_runs={RUNS}"]
        command += [f"--warmup_runs={WARM_UP}", f"--num_threads={threads}"]
        done = subprocess.run(
            [*command, f"--result_json={result}"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise click.ClickException(f"LiteRT's tool cannot run {path}: {last}")
        latency = json.loads(result.read_text("utf-8"))["latency"]
    return float(latency["median_ms"])


if __name__ == "__main__":
    main()
