"""A benchmark's report as data, and as `report.json`.

The published schema of the file is `docs/reference/benchmark-report.schema.json`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from fer_edge.documents import read_json
from fer_edge.errors import ReportError
from fer_edge.faces.faceset import FaceSet
from fer_edge.schema import SchemaError, decode, encode
from fer_edge.shown import printable

from ...device.conditions import Conditions
from ...device.description import Device
from ..probes.detector_look import DetectorLook
from ..probes.end_to_end import EndToEnd
from ..probes.machine_limit import MachineLimit
from ..probes.results import ModelResult, Plan, Timing

FORMAT_VERSION = 1

_LONGEST_MS = 1e9

_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FacesInfo:
    """The faces on which the models were scored.

    Attributes:
        path: Path of the face set.
        split: Split of the face set.
        n: Number of faces.
        n_without_duplicates: Number of faces that do not occur in train.
        class_names: Classes in label order.
        digest: Sha256 of the scored faces, `FaceSet.digest`.
    """

    path: str
    split: str
    n: int
    n_without_duplicates: int
    class_names: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Report:
    """All results of `fer-edge benchmark`.

    Attributes:
        made: Start time, ISO 8601, UTC.
        command: Command line.
        device: Machine and software.
        conditions: Machine during the measurement.
        plan: Amount of measurements.
        faces: Faces on which the models were scored; None if they were not.
        reference: Index of the reference model; None without one.
        limits: Practical limit of the machine, one per thread count; empty if not measured.
        models: Measurements of each file.
        end_to_end: Results of the videos; empty without videos.
        looks: One detection per video; empty if not measured.
        format_version: Version of the file format.
        no_limits: Reason why there are no limits; None if there are.
    """

    made: str
    command: str
    device: Device
    conditions: Conditions
    plan: Plan
    faces: FacesInfo | None
    reference: int | None
    limits: tuple[MachineLimit, ...]
    models: tuple[ModelResult, ...]
    end_to_end: tuple[EndToEnd, ...] = ()
    looks: tuple[DetectorLook, ...] = ()
    format_version: int = FORMAT_VERSION
    no_limits: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each model, as short as possible but unique."""
        return labels(self.models)

    @property
    def named(self) -> tuple[tuple[str, ModelResult], ...]:
        """Each model with its label."""
        return tuple(zip(self.labels, self.models, strict=True))

    def timed(self, threads: int) -> tuple[tuple[str, Timing], ...]:
        """Return the timings at a thread count, each with the label of its model."""
        found = ((label, model.timing(threads)) for label, model in self.named)
        return tuple((label, item) for label, item in found if item is not None)


def faces_info(faces: FaceSet, path: Path, split: str) -> FacesInfo:
    """Describe the faces of one split of a file."""
    return FacesInfo(
        path=str(path),
        split=split,
        n=len(faces),
        n_without_duplicates=int((~faces.duplicates).sum()),
        class_names=faces.class_names,
        digest=faces.digest,
    )


def report_to_json(report: Report) -> str:
    """Format a report as JSON text, the version first.

    A byte of a name that is not UTF-8 becomes a backslash and its number.
    """
    data = encode(report)
    data = {"format_version": data.pop("format_version"), **data}
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # two backslashes: JSON's own escape of such a byte would be refused by `read_report`
    return _NOT_UTF8.sub(lambda found: rf"\\u{ord(found[0]):x}", text)


def read_report(path: str | Path) -> Report:
    """Read a `report.json`.

    Raises:
        ReportError: It cannot be read, is not a report, or has another format version.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "report.json"
    try:
        data = read_json(path)
    except OSError as error:
        raise ReportError(
            f"report {path} cannot be read: {error.strerror}; create one: fer-edge benchmark "
            "MODEL... --report DIR"
        ) from error
    except SchemaError as error:
        raise ReportError(f"{path} cannot be read: {error}; expected a report.json") from error
    return report_from_json(data, str(path))


def report_from_json(data: object, path: str) -> Report:
    """Check parsed JSON data of a report.

    Args:
        data: Parsed data.
        path: Origin, for messages.

    Raises:
        ReportError: It is not a report, or has another format version.
    """
    version = data.get("format_version") if isinstance(data, dict) else None
    if version is None:
        raise ReportError(
            f"{path} is not a benchmark report: it has no format_version; create one: fer-edge "
            "benchmark MODEL... --report DIR"
        )
    if version != FORMAT_VERSION:
        raise ReportError(
            f"{path} has report format {printable(repr(version), 40)}, this fer-edge reads "
            f"{FORMAT_VERSION}; create both reports with the same version of fer-edge"
        )
    try:
        report = decode(Report, data)
    except SchemaError as error:
        raise ReportError(f"{path} is damaged: {error}; create it again") from error
    if problem := _problem(report):
        raise ReportError(f"{path} is damaged: {problem}; create it again")
    return report


def _problem(report: Report) -> str:
    """Describe what no measurement can have; empty for nothing."""
    if not report.plan.threads or min(report.plan.threads) < 1:
        return "it has no thread counts"
    if report.reference is not None and not 0 <= report.reference < len(report.models):
        return "its reference is not one of its models"
    for model in report.models:
        for timing in model.timings:
            steady = timing.steady
            quartiles = (steady.minimum_ms, steady.p25_ms, steady.median_ms, steady.p75_ms)
            for value_ms in (*quartiles, steady.p95_ms, steady.p99_ms, *steady.worst_ms):
                if value_ms is not None and not 0 < value_ms < _LONGEST_MS:
                    return f"a latency is {value_ms:g} ms"
    return ""


def labels(models: tuple[ModelResult, ...]) -> tuple[str, ...]:
    """Return unique labels of the models, as short as possible."""
    for found in (
        [model.numbers for model in models],
        [model.name for model in models],
        [f"{model.name} {model.numbers}" for model in models],
        [Path(model.path).stem for model in models],
    ):
        if len(set(found)) == len(found):
            return tuple(found)
    return tuple(model.path for model in models)


def warnings(report: Report) -> tuple[str, ...]:
    """Return warnings about the reliability of the latencies."""
    found = list(report.conditions.warnings)
    cores = report.device.cores
    if max(report.plan.threads) > cores:
        found.append(f"{max(report.plan.threads)} threads ran on {cores} usable cores")
    without = [label for label, model in report.named if model.xnnpack is False]
    if without:
        runtime = next((text for text in report.device.versions if "lite" in text), "the runtime")
        found.append(f"{runtime} runs {', '.join(without)} without XNNPACK, with slower kernels")
    for source in dict.fromkeys(item.source for item in report.end_to_end if not item.faces):
        found.append(f"no face was found in {source}: its frames cost less than frames with faces")
    return tuple(found)
