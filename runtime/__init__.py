"""From a picture, video or camera to expressions: the light part, for devices.

Recognition uses the names in `fer_edge`, mainly `Recognizer`. This package exports the measurement
of models.

Example:
    from fer_edge.runtime import QUICK, benchmark, write_report

    report = benchmark(["compact", "tiny"], "faces.npz", plan=QUICK)
    write_report(report, "report")

The names below are loaded on first use (PEP 562).
"""

from fer_edge.lazy_names import lazy_names

TYPE_CHECKING = False  # type checkers know the name; typing itself takes 7 ms to import
if TYPE_CHECKING:
    from fer_edge.evaluation.evaluation import Evaluation, describe_evaluation
    from fer_edge.evaluation.group_scores import GroupScores
    from fer_edge.faces.faceset import FaceSet, load_faceset
    from fer_edge.faces.groups import Grouping, load_groups
    from fer_edge.scoring.scores import Agreement, Scores

    from .device.conditions import Conditions
    from .device.description import Device
    from .measurement.api import QUICK, benchmark
    from .measurement.comparison.changes import Change, Gap, ReportComparison, compare_reports
    from .measurement.probes.cold_start import ColdStart
    from .measurement.probes.detector_look import DetectorLook
    from .measurement.probes.disagreements import Disagreement
    from .measurement.probes.end_to_end import CameraPace, EndToEnd, StageTime
    from .measurement.probes.latency import Latency
    from .measurement.probes.machine_limit import MachineLimit
    from .measurement.probes.results import ModelResult, Plan, Timing
    from .measurement.report.folder import write_report
    from .measurement.report.report import FacesInfo, Report, read_report
    from .tracking.config import FacesConfig

_HOMES = {
    "Agreement": "fer_edge.scoring.scores",
    "CameraPace": ".measurement.probes.end_to_end",
    "Change": ".measurement.comparison.changes",
    "ColdStart": ".measurement.probes.cold_start",
    "Conditions": ".device.conditions",
    "DetectorLook": ".measurement.probes.detector_look",
    "Device": ".device.description",
    "Disagreement": ".measurement.probes.disagreements",
    "EndToEnd": ".measurement.probes.end_to_end",
    "Evaluation": "fer_edge.evaluation.evaluation",
    "FaceSet": "fer_edge.faces.faceset",
    "FacesConfig": ".tracking.config",
    "FacesInfo": ".measurement.report.report",
    "Gap": ".measurement.comparison.changes",
    "GroupScores": "fer_edge.evaluation.group_scores",
    "Grouping": "fer_edge.faces.groups",
    "Latency": ".measurement.probes.latency",
    "MachineLimit": ".measurement.probes.machine_limit",
    "ModelResult": ".measurement.probes.results",
    "Plan": ".measurement.probes.results",
    "QUICK": ".measurement.api",
    "Report": ".measurement.report.report",
    "ReportComparison": ".measurement.comparison.changes",
    "Scores": "fer_edge.scoring.scores",
    "StageTime": ".measurement.probes.end_to_end",
    "Timing": ".measurement.probes.results",
    "benchmark": ".measurement.api",
    "compare_reports": ".measurement.comparison.changes",
    "describe_evaluation": "fer_edge.evaluation.evaluation",
    "load_faceset": "fer_edge.faces.faceset",
    "load_groups": "fer_edge.faces.groups",
    "read_report": ".measurement.report.report",
    "write_report": ".measurement.report.folder",
}
"""Name -> the module that defines it."""

__all__ = [
    "QUICK",
    "Agreement",
    "CameraPace",
    "Change",
    "ColdStart",
    "Conditions",
    "DetectorLook",
    "Device",
    "Disagreement",
    "EndToEnd",
    "Evaluation",
    "FaceSet",
    "FacesConfig",
    "FacesInfo",
    "Gap",
    "GroupScores",
    "Grouping",
    "Latency",
    "MachineLimit",
    "ModelResult",
    "Plan",
    "Report",
    "ReportComparison",
    "Scores",
    "StageTime",
    "Timing",
    "benchmark",
    "compare_reports",
    "describe_evaluation",
    "load_faceset",
    "load_groups",
    "read_report",
    "write_report",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
