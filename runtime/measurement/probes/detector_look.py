"""Cost of one inference of the face detector, and its utilization of the machine."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError

from ...capture.opening import open_source
from ...detection.detector import FaceDetector, ShrinkingDetector, WholeFrame
from ...detection.shrinking import shrink
from ...detection.yunet import YuNet
from ...tracking.config import FacesConfig, open_chosen_detector
from .clip import Clip
from .latency import Latency
from .machine_limit import MachineLimit

THREADS = 1
"""The detector uses one thread, whatever the classifier uses."""


@dataclass(frozen=True, slots=True)
class DetectorLook:
    """One detection on the first frame of a video, already shrunk.

    Attributes:
        source: Path of the video.
        detector: Name of the detector.
        width_px: Width of the shrunk frame.
        height_px: Height of the shrunk frame.
        steady: Latency after warm-up, in the same rounds as the models, including boxes.
        macs: Multiply-accumulates of one detection; None if unknown, as on a delegate.
        macs_per_second: Multiply-accumulates per second at the median; None if unknown.
        share_of_limit: Share of the speed of one large int8 convolution in the same rounds, 0 to 1;
            None if one of them is unknown.
        detector_delegate: TFLite delegate that ran the detector; None for the CPU.
    """

    source: str
    detector: str
    width_px: int
    height_px: int
    steady: Latency
    macs: int | None
    macs_per_second: float | None
    share_of_limit: float | None
    detector_delegate: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A detection that can be repeated.

    Attributes:
        clip: Video.
        view: uint8, (height, width, 3), BGR: its first frame, shrunk.
        detector: Detector.
    """

    clip: Clip
    view: NDArray[np.uint8]
    detector: FaceDetector

    def run(self) -> object:
        """Detect once."""
        return self.detector.detect(self.view)

    @property
    def key(self) -> Hashable:
        """Name in the measurements."""
        return "detector", self.clip.path


def open_looks(clips: Sequence[Clip], detection: FacesConfig) -> tuple[Look, ...]:
    """Prepare one detection per video; empty without a detector.

    Raises:
        DetectorError: The detector cannot be opened.
    """
    detector = open_chosen_detector(detection, is_video=True) if clips else WholeFrame()
    if isinstance(detector, WholeFrame):
        return ()
    return tuple(Look(clip, _view(_first_frame(clip.path), detector), detector) for clip in clips)


def timed_looks(
    looks: Sequence[Look],
    detection: FacesConfig,
    latencies: Mapping[Hashable, Latency],
    limits: Sequence[MachineLimit],
) -> tuple[DetectorLook, ...]:
    """Summarize the measured detections."""
    delegate = detection.detector_delegate
    most = next((limit.macs_per_second for limit in limits if limit.threads == THREADS), None)
    found = []
    for look in looks:
        # a graph compiled for a delegate hides its operators
        steady, macs = latencies[look.key], None if delegate else _macs(look)
        rate = None if macs is None else macs / (steady.median_ms / 1e3)
        found.append(
            DetectorLook(
                source=str(look.clip.path),
                detector=detection.detector,
                width_px=look.view.shape[1],
                height_px=look.view.shape[0],
                steady=steady,
                macs=macs,
                macs_per_second=rate,
                share_of_limit=None if rate is None or most is None else rate / most,
                detector_delegate=delegate,
            )
        )
    return tuple(found)


def looks_to_time(looks: Sequence[Look]) -> dict[Hashable, Callable[[], object]]:
    """Return the detections as functions to time."""
    return {look.key: look.run for look in looks}


def _view(image: NDArray[np.uint8], detector: FaceDetector) -> NDArray[np.uint8]:
    """Shrink an image as the detector does."""
    if isinstance(detector, YuNet):
        height, width = image.shape[:2]
        return shrink(image, detector.fitting_px(height, width, detector.long_side_px))
    if isinstance(detector, ShrinkingDetector):
        return shrink(image, detector.long_side_px)
    return image


def _macs(look: Look) -> int | None:
    if not isinstance(look.detector, YuNet):
        return None
    try:
        return look.detector.macs(*look.view.shape[:2])
    except MissingExtraError:  # LiteRT can parse graphs; tflite-runtime can only run them
        return None


def _first_frame(path: Path) -> NDArray[np.uint8]:
    with closing(open_source(path)) as source:
        return next(iter(source)).image
