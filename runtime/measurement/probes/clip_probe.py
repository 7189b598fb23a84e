"""Processing of one video in a separate process (`python -m ...clip_probe RUN`).

It does the same as `fer-edge run --input VIDEO`: decoding, tracking with the defaults, JSON lines,
to /dev/null. A separate process is needed since used memory is not returned, and since CPU time is
counted for the whole process, including the decoder's threads.
"""

import json
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from os import devnull
from pathlib import Path
from typing import IO

import cv2

from fer_edge.errors import FerEdgeError, SourceError
from fer_edge.inference.model import open_model
from fer_edge.schema import decode, encode

from ...capture.frame import Frame, Source
from ...capture.live import Live
from ...capture.opening import open_source
from ...detection.detector import ShrinkingDetector
from ...publish.files.json_lines import JsonLines
from ...publish.pipeline import run_to_end
from ...recognition.config import RecognitionConfig, chosen_reader
from ...recognition.result import Result
from ...timing.stopwatch import STAGES
from ...tracking.config import FacesConfig, open_chosen_detector
from .cold_start import peak_memory_mib
from .fresh_process import FreshProcessError, in_fresh_process
from .paced_video import PacedVideo, VideoOverError

_MODULE = "fer_edge.runtime.measurement.probes.clip_probe"
CLIP_STAGES = ("read", *STAGES, "output")
"""Stages of a frame, from the video to the JSON line."""

MOST_PACED_FRAMES = 150
"""Five seconds of a camera: a long video is not played completely at camera speed."""


@dataclass(frozen=True, slots=True)
class ClipRun:
    """Task of the process.

    Attributes:
        video: Path of the video.
        model: Path of the .tflite file.
        threads: CPU threads per inference.
        detection: Face detection and tracking.
        rate_hz: Rate at which its first frames, at most `MOST_PACED_FRAMES`, arrive like those of a
            camera, with a camera's rate of classification; None processes all frames at full speed.
    """

    video: str
    model: str
    threads: int
    detection: FacesConfig
    rate_hz: float | None = None


@dataclass(frozen=True, slots=True)
class StageSamples:
    """Time of one stage.

    Attributes:
        stage: One of `CLIP_STAGES`.
        samples_ms: Time in each frame in which it ran.
    """

    stage: str
    samples_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ClipPass:
    """A video, processed once from its first frame to its last.

    Attributes:
        faces: Number of classified faces in all frames.
        dropped: Number of frames that arrived but were not processed.
        wall_s: Time from the request of the first frame to the last written line.
        cpu_s: CPU time of the process during that time, all threads.
        peak_memory_mib: Largest resident set of the process, in MiB; None if unknown.
        opencv_threads: Number of OpenCV's threads, for resizing and optical flow.
        detect_size_px: Long side of the detector's input; 0 without a detector.
        frames_ms: Wall time of each processed frame, all stages and the time between them; of a
            paced frame from its arrival, including its wait while an earlier one is processed.
        stages: Times in the order of `CLIP_STAGES`.
    """

    faces: int
    dropped: int
    wall_s: float
    cpu_s: float
    peak_memory_mib: float | None
    opencv_threads: int
    detect_size_px: int
    frames_ms: tuple[float, ...]
    stages: tuple[StageSamples, ...]


def run_clip(run: ClipRun) -> ClipPass:
    """Process a video in a fresh process.

    Raises:
        SourceError: The process fails.
    """
    try:
        return in_fresh_process(_MODULE, ClipPass, json.dumps(encode(run)))
    except FreshProcessError as error:
        raise SourceError(
            f"{run.video} cannot be read with {run.model} in a separate process: {error}"
        ) from error


class TimedSource:
    """A source that records when a frame was requested and returned.

    Attributes:
        asked_s: Time of the request, by `time.perf_counter`.
        gave_s: Time of the return, by the same clock.
        arrived_s: Time of the arrival, by the same clock: for a live source earlier than `gave_s`
            if the frame waited, otherwise the time of the request.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.is_video, self.is_live = source.is_video, source.is_live
        self.frame_rate_hz, self.length = source.frame_rate_hz, source.length
        self.asked_s = self.gave_s = self.arrived_s = time.perf_counter()

    @property
    def dropped(self) -> int:
        """Number of frames that the source dropped."""
        return self._source.dropped

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._source)
        while True:
            self.asked_s = time.perf_counter()
            try:
                frame = next(frames, None)
            except VideoOverError:
                return
            if frame is None:
                return
            last_s, self.gave_s = self.gave_s, time.perf_counter()
            self.arrived_s = self.asked_s
            if frame.unix_s is not None:
                # it cannot have arrived before the last one was taken, even if the clock jumps
                waited_s = min(time.time() - frame.unix_s, self.gave_s - last_s)
                self.arrived_s = self.gave_s - max(0.0, waited_s)
            yield frame

    def close(self) -> None:
        """Close the source."""
        self._source.close()


class TimedLines(JsonLines):
    """JSON lines that record the time of every stage, including their own.

    The samples are arrays: lists of Python floats would show in the memory of a long video.
    """

    def __init__(self, source: TimedSource, stream: IO[str]) -> None:
        super().__init__(stream)
        self._source = source
        self._began_s = self._began_cpu_s = 0.0
        self.faces = self.dropped = 0
        self.wall_s = self.cpu_s = 0.0
        self.frames_ms = array("d")
        self.stages_ms = {stage: array("d") for stage in CLIP_STAGES}

    def begin(self) -> None:
        """Start the clocks."""
        self._began_s, self._began_cpu_s = time.perf_counter(), time.process_time()

    def write(self, result: Result) -> None:
        """Write a line."""
        began_s = time.perf_counter()
        super().write(result)
        ended_s = time.perf_counter()
        self.frames_ms.append(1e3 * (ended_s - self._source.arrived_s))
        self.stages_ms["read"].append(1e3 * (self._source.gave_s - self._source.asked_s))
        for stage in STAGES:
            stage_ms = getattr(result.times, f"{stage}_ms")
            if stage_ms:  # a stage that did not run has no sample
                self.stages_ms[stage].append(stage_ms)
        self.stages_ms["output"].append(1e3 * (ended_s - began_s))
        self.faces += len(result.faces)
        # by the index: Live does not count frames before the first request
        self.dropped = result.frame.index + 1 - len(self.frames_ms)
        self.wall_s = ended_s - self._began_s
        self.cpu_s = time.process_time() - self._began_cpu_s


def _open(run: ClipRun) -> Source:
    path = Path(run.video)
    if run.rate_hz is None:
        return open_source(path)
    return Live(PacedVideo(path, run.rate_hz, MOST_PACED_FRAMES), on_loss="exit")


def probe(run: ClipRun) -> ClipPass:
    """Process a video in this process.

    Raises:
        FerEdgeError: The video, the model or the detector cannot be used.
    """
    recognition = RecognitionConfig()
    detector = open_chosen_detector(run.detection, is_video=True)
    with (
        Path(devnull).open("w", encoding="utf-8") as stream,
        chosen_reader(
            open_model(Path(run.model), threads=run.threads),
            *(run.detection, recognition, detector),
            aligner=recognition.open_aligner(),
            is_video=True,
            is_live=run.rate_hz is not None,
        ) as reader,
        closing(_open(run)) as video,
    ):
        source = TimedSource(video)
        lines = TimedLines(source, stream)
        lines.begin()
        run_to_end(source, reader, [lambda: lines])
    return ClipPass(
        faces=lines.faces,
        dropped=lines.dropped,
        wall_s=lines.wall_s,
        cpu_s=lines.cpu_s,
        peak_memory_mib=peak_memory_mib(),
        opencv_threads=cv2.getNumThreads(),
        detect_size_px=detector.long_side_px if isinstance(detector, ShrinkingDetector) else 0,
        frames_ms=tuple(lines.frames_ms),
        stages=tuple(StageSamples(stage, tuple(ms)) for stage, ms in lines.stages_ms.items()),
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(encode(probe(decode(ClipRun, json.loads(sys.argv[1]))))))
    except FerEdgeError as error:
        sys.exit(str(error))
