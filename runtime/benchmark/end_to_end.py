"""What a whole frame costs, stage by stage: the part of a report that a video gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of the way from a frame to an event.

    Attributes:
        stage: read, detect, track, crop, classify, smooth or output.
        frames: Frames in which the stage ran.
        median_ms: Of those frames.
        p95_ms: Of those frames.
    """

    stage: str
    frames: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """A video read from its first frame to its last.

    Attributes:
        source: The video.
        model: Name of the classifier.
        detector: Name of the face detector.
        threads: CPU threads of each of them.
        frames: Frames read.
        frames_per_second: Over the whole run.
        dropped: Frames that the source dropped.
        cpu_cores: CPU cores kept busy by the process, on average.
        peak_memory_mib: Largest resident set of the process, in MiB; None where unknown.
        stages: In the order in which a frame passes them.
    """

    source: str
    model: str
    detector: str
    threads: int
    frames: int
    frames_per_second: float
    dropped: int
    cpu_cores: float
    peak_memory_mib: float | None
    stages: tuple[StageTime, ...]
