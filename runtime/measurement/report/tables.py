"""The tables of a report, for Markdown and HTML; the terminal's is narrower, see `text.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fer_edge.evaluation.evaluation import Evaluation
from fer_edge.scoring.scores import Scores

from ..probes.results import ModelResult
from .figures import interval, megabytes, milliseconds, optional, threads_text
from .report import Report
from .verdict import headline, pareto


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text; the first column is the name of the row.

    Attributes:
        title: Title.
        header: Column names with units.
        rows: Cells by row.
        note: Explanation.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def measured(self) -> "Table":
        """Return the table without columns in which nothing was measured."""
        kept = filled_columns(self.rows, len(self.header))
        return replace(
            self,
            header=tuple(self.header[column] for column in kept),
            rows=tuple(tuple(row[column] for column in kept) for row in self.rows),
        )

    @property
    def has_header(self) -> bool:
        """Whether its columns have names."""
        return any(self.header)

    @property
    def columns_of_words(self) -> frozenset[int]:
        """Columns without any number, except the first."""
        return frozenset(
            column
            for column in range(1, len(self.header))
            if not any(row[column][:1] in "0123456789+-[" for row in self.rows)
        )


def filled_columns(rows: Sequence[Sequence[str]], count: int) -> list[int]:
    """Return the first column, and those that hold more than "-" in any row."""
    return [
        column
        for column in range(count)
        if column == 0 or not rows or any(row[column] != "-" for row in rows)
    ]


def summary_table(report: Report) -> Table:
    """Return accuracy, latency and size of every model, the table for the chart."""
    threads, front = report.plan.threads[0], pareto(report)
    rows = []
    for index, (label, model) in enumerate(report.named):
        found = model.timing(threads)
        rows.append(
            (
                label,
                f"{model.evaluation.every_face.accuracy:.2%}" if model.evaluation else "-",
                "-" if found is None else milliseconds(found.steady.median_ms),
                megabytes(model.size_bytes).removesuffix(" MB"),
                "yes" if index in front else "no" if found and model.evaluation else "-",
            )
        )
    header = ("", "accuracy", "median ms", "MB", "Pareto")
    return Table("All models", header, tuple(rows)).measured()


def models_table(report: Report) -> Table:
    """Return the files, their sizes and their number of operations."""
    line = headline(report)
    baseline = None if line.file is None else report.models[line.file]
    rows: list[tuple[str, ...]] = []
    for label, model in report.named:
        smaller = "-" if baseline is None else f"{model.size_bytes / baseline.size_bytes:.2f}"
        rows.append(
            (
                label,
                model.name,
                model.numbers,
                megabytes(model.size_bytes),
                smaller if model.timings else "-",
                optional(model.parameters, "{:,}"),
                "-" if model.macs is None else f"{model.macs / 1e6:.1f} M",
                {True: "yes", False: "no", None: "-"}[model.xnnpack],
            )
        )
    times = "ratio" if line.file is None else f"times {report.labels[line.file]}"
    header = ["", "name", "numbers", "size", times, "parameters", "MACs", "XNNPACK"]
    note = "MACs: multiply-accumulates of one inference. A megabyte is a million bytes."
    if counted(report):
        header.append("arm64 instructions")
        rows = [
            (*row, instructions_text(model)) for row, model in zip(rows, report.models, strict=True)
        ]
        note += (
            " Arm64 instructions: executed by one inference, counted in a guest under qemu; a "
            "portable figure, not a time."
        )
    return Table("Files", tuple(header), tuple(rows), note).measured()


def latency_table(report: Report, threads: int) -> Table:
    """Return the latency after warm-up at one thread count."""
    line = headline(report)
    base = None if line.file is None else report.models[line.file].timing(threads)
    rows = []
    for label, found in report.timed(threads):
        steady = found.steady
        rows.append(
            (
                label,
                milliseconds(steady.median_ms),
                "-" if base is None else f"{steady.median_ms / base.steady.median_ms:.2f}",
                milliseconds(steady.p90_ms),
                milliseconds(steady.p95_ms),
                "-" if steady.p99_ms is None else milliseconds(steady.p99_ms),
                milliseconds(steady.iqr_ms),
                f"{steady.outliers} of {steady.runs:,}",
                milliseconds(steady.maximum_ms),
                f"{steady.throughput_hz:,.0f}",
            )
        )
    times = "ratio" if line.file is None else f"times {report.labels[line.file]}"
    return Table(
        f"Steady latency, {threads_text(threads)}",
        (
            *("", "median ms", times, "p90 ms", "p95 ms", "p99 ms", "IQR ms"),
            *("outliers", "slowest ms", "per second"),
        ),
        tuple(rows),
        "One face: write the input, run, read the output. IQR: spread of the middle half. "
        "Outliers are more than three IQR above the upper quartile; they are included in "
        "every figure. Per second: over the whole measured time.",
    ).measured()


def start_table(report: Report, threads: int) -> Table:
    """Return loading, first inference, warm-up and memory at one thread count."""
    rows = [
        (
            label,
            milliseconds(found.start.load_ms),
            milliseconds(found.start.first_inference_ms),
            milliseconds(found.steady.warm_up_ms),
            optional(found.start.added_memory_mib, "{:.1f}"),
            optional(found.start.peak_memory_mib, "{:.0f}"),
        )
        for label, found in report.timed(threads)
    ]
    return Table(
        f"Start and memory, {threads_text(threads)}",
        ("", "load ms", "first inference ms", "warm-up ms", "added MiB", "peak MiB"),
        tuple(rows),
        f"{_starts(report.plan.cold_starts)}; peak includes Python, NumPy "
        "and the runtime, added does not. Load: reading the file (from the page cache) and "
        "preparing the interpreter.",
    ).measured()


def _starts(count: int) -> str:
    return "One fresh process" if count == 1 else f"Median of {count} fresh processes"


def accuracy_table(report: Report) -> Table | None:
    """Return scores through the served path; None if nothing was scored."""
    if report.faces is None:
        return None
    rows = []
    for label, _, found in scored(report):
        scores = found.every_face
        rows.append(
            (
                label,
                f"{scores.accuracy:.2%}",
                _accuracy_of(found.without_duplicates),
                _accuracy_of(found.ferplus),
                f"{scores.balanced_accuracy:.2%}",
                f"{scores.macro_f1:.2%}",
                f"{scores.top3_accuracy:.2%}",
                optional(scores.calibration_error, "{:.2%}"),
            )
        )
    return Table(
        f"Accuracy on {report.faces.n:,} {report.faces.split} faces",
        (
            *("", "accuracy", "without duplicates", "FER+ majority", "balanced", "macro-F1"),
            *("top-3", "calibration error"),
        ),
        tuple(rows),
        f"Without duplicates: {report.faces.n_without_duplicates:,} faces that do not occur "
        f"in the training split pixel for pixel. {_voted(report)}Balanced: mean recall."
        + _calibrated(report),
    ).measured()


def recall_table(report: Report) -> Table | None:
    """Return the recall of each class; None if nothing was scored."""
    if report.faces is None:
        return None
    rows = tuple((label, *found.every_face.shown_recall) for label, _, found in scored(report))
    note = "-: no face of this class." if any("-" in row for row in rows) else ""
    return Table("Recall of each class", ("", *report.faces.class_names), rows, note)


def agreement_table(report: Report) -> Table | None:
    """Return each model against the reference; None without one."""
    if report.reference is None:
        return None
    rows = [
        (
            label,
            f"{100 * found.difference:+.2f}",
            interval(found),
            f"{found.top1:.2%}",
            str(found.fixed),
            str(found.broken),
            optional(found.largest_gap, "{:.3f}"),
        )
        for label, model in report.named
        if (found := model.agreement)
    ]
    if not rows:
        return None
    return Table(
        f"Against {report.labels[report.reference]}",
        (
            *("", "accuracy, points", "95% interval", "same answer", "fixed", "broken"),
            "largest change of a probability",
        ),
        tuple(rows),
        "The interval is paired: both models classify the same faces, so only faces count "
        f"that exactly one of them gets right (fixed, broken).{plain_keras(report)}",
    ).measured()


def environment_table(report: Report) -> Table:
    """Return the machine, its software and its state."""
    device, state = report.device, report.conditions
    degrees: Callable[[float | None], str] = lambda value: optional(value, "{:.0f} °C")  # noqa: E731
    rows = [
        ("device", f"{device.board} {device.cpu}".strip()),
        ("architecture", f"{device.machine}, {device.cores} cores usable"),
        ("system", device.system),
        ("software", ", ".join(device.versions)),
        ("governor", device.governor),
        (
            "temperature, before and after",
            f"{degrees(state.temperature_before_c)}, {degrees(state.temperature_after_c)}"
            if state.temperature_before_c is not None
            else "no sensor",
        ),
        ("load average, before and after", f"{state.load_before:.2f}, {state.load_after:.2f}"),
        ("cores busy with other programs", optional(state.other_cores, "{:.2f}")),
        ("CPU time stolen by the hypervisor", optional(state.stolen_share, "{:.2%}")),
        ("start, duration", f"{report.made}, {state.seconds:.0f} s"),
        (
            "rounds",
            f"{report.plan.rounds} interleaved over all models, after a warm-up",
        ),
    ]
    if report.faces:
        faces = report.faces
        rows.append(("faces", f"{faces.path}, {faces.split}, sha256 {faces.digest[:12]}"))
    rows.append(("command", report.command))
    return Table("Environment", ("", ""), tuple(rows))


def scored(report: Report) -> list[tuple[str, ModelResult, Evaluation]]:
    """Return label, model and evaluation of the models that were scored."""
    return [(label, model, model.evaluation) for label, model in report.named if model.evaluation]


def plain_keras(report: Report) -> str:
    """Return a note on Keras networks, whose probabilities are not those of their files."""
    if all(found.variant == "served" for _, _, found in scored(report)):
        return ""
    return " Keras networks lack the temperature and the logit offsets of files."


def counted(report: Report) -> bool:
    """Return whether arm64 instruction counts exist for any model."""
    return any(model.arm64_instructions is not None for model in report.models)


def instructions_text(model: ModelResult) -> str:
    """Format a model's arm64 instructions in millions."""
    count = model.arm64_instructions
    return "-" if count is None else f"{count / 1e6:.1f} M"


def _accuracy_of(scores: Scores | None) -> str:
    return "-" if scores is None else f"{scores.accuracy:.2%}"


def _voted(report: Report) -> str:
    counts = {found.ferplus.n for _, _, found in scored(report) if found.ferplus}
    if not counts:
        return ""
    return f"FER+ majority: {max(counts):,} faces, against the majority of ten taggers. "


def _calibrated(report: Report) -> str:
    errors = [found.every_face.calibration_error for _, _, found in scored(report)]
    if all(error is None for error in errors):
        return ""
    without = " -: the outputs are not probabilities." if None in errors else ""
    text = f" Calibration error: expected calibration error of the top class, 15 bins.{without}"
    return text + plain_keras(report)
