"""The results of a conversion as text."""

import json
from collections.abc import Sequence
from pathlib import Path

from fer_edge.schema import encode

from .analysis.advice import format_advice
from .analysis.layer_report import format_layers
from .converted import Converted
from .devices.edgetpu import check
from .layer_files import plot_of


def results_as_json(results: Sequence[Converted]) -> str:
    """Return paths, sizes and scores as a JSON list."""
    return json.dumps(
        [
            {
                "path": str(item.path),
                "written": not item.fault,
                "fault": item.fault,
                "size_bytes": item.size_bytes,
                "score": encode(item.score) if item.can_run else None,
                "agreement": encode(item.agreement) if item.can_run else None,
                "temperature_scaling": encode(item.temperature),
                "float_operators": encode(item.float_operators),
            }
            for item in results
        ]
    )


def results_as_table(results: Sequence[Converted], out: Path) -> str:
    """Return the scores of each file, in the order of the results; `out` is their folder."""
    lines = [f"{results[0].score.n} {results[0].score.split} faces, through the served path:"]
    for item in results:
        if not item.can_run:
            lines += [item.path.name, f"{'':28} NOT WRITTEN: it {item.fault}"]
            continue
        score, agreement = item.score, item.agreement
        low, high = agreement.interval
        share = f"{score.accuracy_without_duplicates:.2%}" if score.n_without_duplicates else "-"
        lines += [
            f"{item.path.name:28} {item.size_bytes / 1e6:5.2f} MB  accuracy {score.accuracy:.2%}  "
            f"without duplicates {share}  "
            f"balanced {score.balanced_accuracy:.2%}",
            f"{'':28} against the float network: {100 * agreement.difference:+.2f} points "
            f"[{100 * low:+.2f}, {100 * high:+.2f}], agreement {agreement.top1:.2%}, "
            f"fixed {agreement.fixed}, broken {agreement.broken}",
        ]
        if item.temperature is not None:
            lines.append(f"{'':28} {item.temperature.describe()}")
        if item.float_operators:
            names = ", ".join(sorted(set(item.float_operators)))
            lines.append(f"{'':28} in floating point: {len(item.float_operators)} ops ({names})")
        if item.fault:
            lines.append(f"{'':28} NOT WRITTEN: it {item.fault}")
    written = sum(not item.fault for item in results)
    return "\n".join([*lines, f"{written} of {len(results)} written to {out}"])


def layer_tables(results: Sequence[Converted]) -> str:
    """Return the table, the advice and the plot's path of each layer report."""
    return "\n".join(
        f"{item.path.stem}, layer by layer:\n{format_layers(item.layers)}\n"
        f"{format_advice(item.layers)}\n{plot_of(item.path)}"
        for item in results
        if item.layers is not None
    )


def device_tables(results: Sequence[Converted]) -> str:
    """Return the Edge TPU's operators, once for files with equal ones, and what targets report."""
    written = [item for item in results if item.is_int8 and not item.fault]
    tables: dict[str, list[str]] = {}
    for item in written:
        tables.setdefault(str(check(item.flatbuffer)), []).append(item.path.name)
    blocks = [f"Edge TPU, {', '.join(names)}:\n{table}" for table, names in tables.items()]
    return "\n".join([*blocks, *(text for item in written for text in item.target_reports)])
