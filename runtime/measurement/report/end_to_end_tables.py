"""Results of videos as sentences and tables, for text, Markdown and HTML."""

from pathlib import Path

from ...tracking.config import FacesConfig
from ..probes.clip_probe import MOST_PACED_FRAMES
from ..probes.end_to_end import CAMERA_HZ, EndToEnd, busy_cores, per_frame_ms
from .figures import milliseconds, optional, significant, threads_text
from .report import Report
from .tables import Table
from .verdict import headline

_FEW = 0.01
"""Largest share of dropped frames with which a machine keeps up with a camera."""


def answers(report: Report) -> tuple[str, ...]:
    """State for each video whether its frames can be processed at a camera's rate.

    For the model of the verdict; if it processed no video, for the first model.
    """
    chosen: dict[str, EndToEnd] = {}
    model = headline(report).model
    for found in report.end_to_end:
        if found.source not in chosen or (found.model == model != chosen[found.source].model):
            chosen[found.source] = found
    return tuple(keeping_up(report, found) for found in chosen.values())


def keeping_up(report: Report, found: EndToEnd) -> str:
    """Describe in one or two sentences whether a camera's frames can be processed here."""
    rate, cores, camera = found.frames_per_second, report.device.cores, found.camera
    keeps_up = "keeps up" if rate >= camera.rate_hz else "does not keep up"
    if rate >= camera.rate_hz and camera.dropped > _FEW * camera.frames:
        keeps_up = "on average keeps up"
    said = (
        f"{_subject(report, found)} processes {rate:.1f} frames per second of {_clip(found)} "
        f"and {keeps_up} with a camera's {camera.rate_hz:.0f}. At that rate it dropped "
        f"{camera.dropped} of {camera.frames:,} frames and kept {camera.cpu_cores:.2f} of "
        f"{_cores(cores)} busy, which leaves {max(0, cores - camera.cpu_cores):.2f}"
    )
    if rate < camera.rate_hz:
        return f"{said}."
    computed = busy_cores(found, camera.rate_hz)
    return (
        f"{said} (computed: {milliseconds(found.cpu_ms_per_frame)} ms of processor time per frame "
        f"at full speed, times {camera.rate_hz:.0f}, is {computed:.2f} cores)."
    )


def end_to_end_table(report: Report) -> Table:
    """Return rate, CPU time and memory of every video, model and thread count, at full speed."""
    rows = []
    for found in report.end_to_end:
        rows.append(
            (
                *_which(report, found),
                f"{found.frames_per_second:.1f}",
                _range(found.pass_rates_hz),
                f"{found.cpu_cores:.2f}",
                milliseconds(found.cpu_ms_per_frame),
                _cost(found, "detect", "track"),
                _cost(found, "crop", "classify", "smooth"),
                optional(found.peak_memory_mib, "{:.0f}"),
            )
        )
    others = ""
    if len(report.plan.threads) > 1:
        others = (
            f" The stages below are with {threads_text(report.plan.threads[0])}; report.json has "
            "all."
        )
    return Table(
        f"{_what(report)} at full speed",
        (
            *_columns(report),
            *("frames per second", "of each pass", "cores busy", "CPU ms per frame"),
            *("detector, ms per frame", "classifier, ms per frame", "peak MiB"),
        ),
        tuple(rows),
        "As fer-edge run processes a file, at full speed, in fresh processes: decoding, "
        "face detection and tracking, recognition of each face in every frame, JSON lines; "
        "a file waits, so no frame is dropped. Detector: detect and track. Classifier: "
        f"crop, classify and smooth.{others}",
    ).measured()


def camera_table(report: Report) -> Table:
    """Return the same at a camera's rate."""
    rows = []
    for found in report.end_to_end:
        camera = found.camera
        rows.append(
            (
                *_which(report, found),
                f"{camera.dropped} of {camera.frames:,}",
                f"{camera.cpu_cores:.2f}",
                f"{busy_cores(found, camera.rate_hz):.2f}",
                milliseconds(camera.delay_median_ms),
                milliseconds(camera.delay_p95_ms),
            )
        )
    return Table(
        f"{_what(report)} at {CAMERA_HZ:.0f} frames per second",
        (
            *_columns(report),
            *("dropped", "cores busy", "cores, computed", "median delay ms", "p95 delay ms"),
        ),
        tuple(rows),
        f"The first {MOST_PACED_FRAMES} frames of the video, or all, as fer-edge run "
        "processes a camera: each face ten times per second; a frame is dropped if a newer "
        "one arrives before it is processed. Delay: from the arrival of a frame to its "
        f"written line. Computed: CPU ms per frame times {CAMERA_HZ:.0f}; it lacks the cost "
        "of waiting, such as cold caches.",
    ).measured()


def detailed(report: Report) -> tuple[EndToEnd, ...]:
    """Return the results whose stages are shown: at the first thread count."""
    threads = report.plan.threads[0]
    return tuple(found for found in report.end_to_end if found.threads == threads)


def stages_table(report: Report, found: EndToEnd) -> Table:
    """Return the stages of a frame."""
    rows = [
        (
            item.stage,
            milliseconds(item.median_ms),
            milliseconds(item.p95_ms),
            f"{item.frames:,}",
            milliseconds(item.per_frame_ms),
        )
        for item in (*found.stages, found.whole)
    ]
    return Table(
        f"{_name(found)}, {_subject(report, found)}: {found.frames_per_second:.1f} frames per "
        "second",
        ("", "median ms", "p95 ms", "frames", "ms per frame"),
        tuple(rows),
        f"{found.frames:,} frames of {found.width_px}x{found.height_px}, "
        f"{found.source_hz:.4g} per second, {_faces(found)}; processed "
        f"{_times(len(found.pass_rates_hz))}. Detector: {_detection(found)}; "
        f"OpenCV, for resizing and optical flow: {threads_text(found.opencv_threads)}. "
        "Median and p95 are over the frames in which the stage ran, ms per frame is the "
        "mean over all frames.",
    )


def _detection(found: EndToEnd) -> str:
    """Describe the settings of detection; filters of faces only if they are not the defaults."""
    model = f" ({Path(found.detector_model).name})" if found.detector_model else ""
    delegate = f" on {found.detector_delegate}" if found.detector_delegate else ""
    usual = FacesConfig()
    parts = [f"{found.detector}{model}{delegate}"]
    if found.detect_size_px:
        parts.append(f"shrunk to {found.detect_size_px} pixels")
    parts.append("in every frame" if found.every == 1 else f"in one frame of {found.every}")
    if found.min_score is not None:
        parts.append(f"scores from {found.min_score:g}")
    if found.min_face_px != usual.min_face_px:
        parts.append(f"faces from {found.min_face_px:g} pixels")
    if found.max_faces not in (None, usual.max_faces):
        parts.append(f"at most {found.max_faces} faces per frame")
    return ", ".join(parts)


def _columns(report: Report) -> tuple[str, ...]:
    return ("", "video", "threads") if _has_several(report) else ("", "threads")


def _which(report: Report, found: EndToEnd) -> tuple[str, ...]:
    video = (_name(found),) if _has_several(report) else ()
    return (report.labels[found.model], *video, str(found.threads))


def _what(report: Report) -> str:
    return "Whole frames" if _has_several(report) else _name(report.end_to_end[0])


def _has_several(report: Report) -> bool:
    return len({found.source for found in report.end_to_end}) > 1


def _subject(report: Report, found: EndToEnd) -> str:
    return f"{report.labels[found.model]} with {threads_text(found.threads)}"


def _name(found: EndToEnd) -> str:
    return Path(found.source).name


def _clip(found: EndToEnd) -> str:
    return f"{_name(found)} ({found.width_px}x{found.height_px}, {_faces(found)})"


def _faces(found: EndToEnd) -> str:
    faces = significant(found.faces / found.frames, 2)
    return f"{faces} face{'' if faces == '1' else 's'} per frame"


def _cost(found: EndToEnd, *stages: str) -> str:
    return milliseconds(per_frame_ms(found, *stages))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _cores(count: int) -> str:
    return f"{count} core{'' if count == 1 else 's'}"


def _range(rates_hz: tuple[float, ...]) -> str:
    return " ".join(f"{rate:.0f}" for rate in rates_hz)
