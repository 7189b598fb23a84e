"""Cost of a whole frame by stage: the part of a report about videos."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...tracking.config import FacesConfig
from .clip import Clip
from .clip_probe import CLIP_STAGES, ClipPass, ClipRun, run_clip

CAMERA_HZ = 30.0
"""Common frame rate of cameras, to which a report compares its frames per second."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of a frame.

    Attributes:
        stage: read, detect, track, crop, classify, smooth or output; frame is all of them and the
            time between them.
        frames: Frames in which the stage ran, in all passes.
        median_ms: Median over these frames.
        p95_ms: 95th percentile over these frames.
        per_frame_ms: Mean over all frames, including those in which it did not run: these add up.
    """

    stage: str
    frames: int
    median_ms: float
    p95_ms: float
    per_frame_ms: float


@dataclass(frozen=True, slots=True)
class CameraPace:
    """The same video with frames that arrive like a camera's: late ones are dropped.

    Attributes:
        rate_hz: Frames per second; at most the first 150 of the video.
        frames: Number of frames that arrived, in all passes.
        dropped: Number of them that were dropped, since a newer one had arrived.
        cpu_cores: CPU cores kept busy by the process, on average.
        delay_median_ms: Median time from the arrival of a frame to its written line.
        delay_p95_ms: 95th percentile of that time.
    """

    rate_hz: float
    frames: int
    dropped: int
    cpu_cores: float
    delay_median_ms: float
    delay_p95_ms: float


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """A video processed from its first frame to its last at full speed, in fresh processes.

    Attributes:
        source: Path of the video.
        width_px: Width of its frames.
        height_px: Height of its frames.
        source_hz: Frame rate of the file.
        model: Index of the classifier among the report's models.
        threads: CPU threads of the classifier.
        opencv_threads: CPU threads of OpenCV, for resizing and optical flow.
        detector: Name of the face detector.
        detect_size_px: Long side to which frames are shrunk for detection; 0 without a detector.
        every: Interval of detection: every Nth frame.
        frames: Frames of the video.
        faces: Number of classified faces in one pass.
        frames_per_second: Over all passes, including decoding and output.
        pass_rates_hz: Frames per second of each pass, in order, which shows drift of the machine.
        cpu_cores: CPU cores kept busy by the process, on average.
        cpu_ms_per_frame: CPU time of the process per frame, all threads.
        peak_memory_mib: Largest resident set of the processes, in MiB; None where unknown.
        whole: A whole frame, from its request to its written line.
        stages: Stages that ran, in the order of a frame.
        camera: Result at a camera's frame rate.
        detector_model: Path of the detector's model file; None for the installed one.
        detector_delegate: TFLite delegate that ran the detector; None for the CPU.
        min_score: Lowest detection score, 0 to 1; None for the detector's default.
        min_face_px: Lowest height of a face in pixels of the frame.
        max_faces: Most faces per frame; None in older reports.
    """

    source: str
    width_px: int
    height_px: int
    source_hz: float
    model: int
    threads: int
    opencv_threads: int
    detector: str
    detect_size_px: int
    every: int
    frames: int
    faces: int
    frames_per_second: float
    pass_rates_hz: tuple[float, ...]
    cpu_cores: float
    cpu_ms_per_frame: float
    peak_memory_mib: float | None
    whole: StageTime
    stages: tuple[StageTime, ...]
    camera: CameraPace
    detector_model: str | None = None
    detector_delegate: str | None = None
    min_score: float | None = None
    min_face_px: float = 0.0
    max_faces: int | None = None


def measure_end_to_end(
    clips: Sequence[Clip],
    models: Mapping[int, Path],
    detection: FacesConfig,
    *,
    threads: Sequence[int],
    rounds: int,
    on_step: Callable[[], None] = lambda: None,
) -> tuple[EndToEnd, ...]:
    """Process every video with every model and thread count, in turns.

    Args:
        clips: The videos.
        models: .tflite files with a card, by index in the report.
        detection: Face detection and tracking.
        threads: Thread counts.
        rounds: Number of rounds; in each, every video, model and thread count has one pass in a
            fresh process, and one at a camera's rate; every second round is in reverse order.
        on_step: Called `rounds` times for each video.

    Raises:
        SourceError: A process failed.
    """
    keys = [(index, count) for index in models for count in threads]
    passes: dict[tuple[Clip, int, int], list[ClipPass]] = {
        (clip, *key): [] for clip in clips for key in keys
    }
    paced: dict[tuple[Clip, int, int], list[ClipPass]] = {key: [] for key in passes}
    for number in range(rounds):
        order = 1 if number % 2 == 0 else -1
        for clip in clips[::order]:
            for index, count in keys[::order]:
                run = ClipRun(str(clip.path), str(models[index]), count, detection)
                passes[clip, index, count].append(run_clip(run))
                at_pace = replace(run, rate_hz=CAMERA_HZ)
                paced[clip, index, count].append(run_clip(at_pace))
            on_step()
    return tuple(
        summarize_passes(
            *(key[0], found, paced[key]), model=key[1], threads=key[2], detection=detection
        )
        for key, found in passes.items()
    )


def summarize_passes(
    clip: Clip,
    passes: Sequence[ClipPass],
    paced: Sequence[ClipPass],
    *,
    model: int,
    threads: int,
    detection: FacesConfig,
) -> EndToEnd:
    """Combine the passes over one video; all frames of all passes count."""
    frames_ms = [item.frames_ms for item in passes]
    frames = sum(map(len, frames_ms))
    wall_s, cpu_s = sum(item.wall_s for item in passes), sum(item.cpu_s for item in passes)
    samples: dict[str, list[tuple[float, ...]]] = {stage: [] for stage in CLIP_STAGES}
    for item in passes:
        for found in item.stages:
            samples[found.stage].append(found.samples_ms)
    detector_model = detection.detector_model
    peaks = [item.peak_memory_mib for item in passes if item.peak_memory_mib is not None]
    return EndToEnd(
        source=str(clip.path),
        width_px=clip.width_px,
        height_px=clip.height_px,
        source_hz=clip.frame_rate_hz,
        model=model,
        threads=threads,
        opencv_threads=passes[0].opencv_threads,
        detector=detection.detector,
        detect_size_px=passes[0].detect_size_px,
        every=detection.every,
        frames=clip.frames,
        faces=passes[0].faces,
        frames_per_second=frames / wall_s,
        pass_rates_hz=tuple(len(item.frames_ms) / item.wall_s for item in passes),
        cpu_cores=cpu_s / wall_s,
        cpu_ms_per_frame=1e3 * cpu_s / frames,
        peak_memory_mib=max(peaks, default=None),
        whole=_stage("frame", frames_ms, frames),
        stages=tuple(
            _stage(stage, found, frames) for stage, found in samples.items() if any(found)
        ),
        camera=_camera(paced),
        detector_model=None if detector_model is None else str(detector_model),
        detector_delegate=detection.detector_delegate,
        min_score=detection.min_score,
        min_face_px=detection.min_face_px,
        max_faces=detection.max_faces,
    )


def busy_cores(found: EndToEnd, rate_hz: float) -> float:
    """Compute the number of CPU cores that a frame rate would keep busy."""
    return found.cpu_ms_per_frame * rate_hz / 1e3


def per_frame_ms(found: EndToEnd, *stages: str) -> float:
    """Add up the cost of some stages per frame, in milliseconds."""
    return sum(item.per_frame_ms for item in found.stages if item.stage in stages)


def _camera(passes: Sequence[ClipPass]) -> CameraPace:
    delays_ms = np.concatenate([np.asarray(item.frames_ms) for item in passes])
    median, p95 = np.percentile(delays_ms, [50, 95])
    dropped = sum(item.dropped for item in passes)
    return CameraPace(
        rate_hz=CAMERA_HZ,
        frames=len(delays_ms) + dropped,
        dropped=dropped,
        cpu_cores=sum(item.cpu_s for item in passes) / sum(item.wall_s for item in passes),
        delay_median_ms=float(median),
        delay_p95_ms=float(p95),
    )


def _stage(stage: str, passes: Iterable[Sequence[float]], frames: int) -> StageTime:
    samples = np.concatenate([np.asarray(found) for found in passes])
    median, p95 = np.percentile(samples, [50, 95])
    return StageTime(
        stage=stage,
        frames=len(samples),
        median_ms=float(median),
        p95_ms=float(p95),
        per_frame_ms=float(samples.sum() / frames),
    )
