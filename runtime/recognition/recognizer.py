"""The main interface: from a picture, a video or a camera to faces and their expressions."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

from fer_edge.errors import ModelError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.card import ModelCard
from fer_edge.ranges import check_range

from ..capture.frame import Frame, Source
from ..capture.images import Images
from ..capture.opening import open_camera, open_source
from ..capture.pixels import ColorOrder, as_bgr, check_color
from ..detection.detector import FaceDetector, WholeFrame
from ..detection.opening import open_detector, open_photo_detector
from ..detection.own_detector import OwnDetector, as_detector
from ..timing.wall_clock import new_run
from ..tracking.flow_tracker import open_tracker
from ..tracking.track import Tracker
from .follower import FILE_PACE, LIVE_PACE, Follower, Pace
from .reader import Reader
from .result import FrameReader, Result, completed
from .smoothing import STEADY, Steadiness


class Recognizer:
    """Detects faces and recognizes their expressions. A context manager; close it when done.

    Several threads can share it and then take turns; for parallel work open one per thread.

    Example:
        ```python
        with Recognizer() as recognizer:
            for face in recognizer.read("photo.jpg"):
                print(face.label, face.probability, face.box)
        ```
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        detector: str | FaceDetector | OwnDetector = "yunet",
        min_score: float | None = None,
        uncertain_below: float = STEADY.uncertain_below,
        threads: int = 1,
        delegate: str | None = None,
    ) -> None:
        """Open a model and a detector.

        Args:
            model: Name of a bundled model, or a .tflite file with a card.
            detector: Face detector: `yunet`, `haar`; `none` for pictures that are face crops; the
                name of another package's; a function from an image, uint8 (height, width, 3) BGR,
                to boxes of (left, top, right, bottom) in its pixels; or a `FaceDetector`, such as
                from `open_detector`. Boxes should have YuNet's framing: brow to chin.
            min_score: Lowest detection score, 0 to 1; None uses 0.6, and 0.68 for photographs. Your
                own `FaceDetector` has its own.
            uncertain_below: Lowest probability of a label; otherwise a face is `uncertain`, 0 to 1.
            threads: CPU threads per inference.
            delegate: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's library.

        Raises:
            ModelError: The model is damaged, altered or of another kind.
            DetectorError: The detector's model file is missing or unusable, or it is not a
                detector.
            PluginError: The name of the detector is unknown, or another package's cannot be used.
            ConfigError: A number is out of range.
        """
        self._lock = threading.Lock()
        self._is_closed = False
        self._open_moving: Callable[[], FaceDetector]
        self._uncertain_below = Steadiness(uncertain_below=uncertain_below).uncertain_below
        self._model = open_model(find_model(str(model)), threads=threads, delegate=delegate)
        try:
            if isinstance(detector, str):
                self._detector = open_photo_detector(detector, min_score=min_score)
                # opened for the first video, if any
                self._open_moving = partial(open_detector, detector, min_score=min_score)
            else:
                own = as_detector(detector, min_score=min_score or 0.0)
                self._detector, self._open_moving = own, lambda: own
        except BaseException:
            self._model.close()
            raise
        self._reader = Reader(self._model, self._detector, uncertain_below=uncertain_below)

    def __enter__(self) -> "Recognizer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the model; afterwards nothing can be recognized."""
        with self._lock:
            self._is_closed = True
            self._model.close()

    @property
    def card(self) -> ModelCard:
        """The model's card: input, training, accuracy, license."""
        return self._model.file.card

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's expressions in output order."""
        return self._model.labels

    def read(self, image: object, *, color: ColorOrder = "bgr") -> Result:
        """Recognize the faces in one picture.

        Args:
            image: Path of a picture; an array, preferably uint8 (height, width, 3); gray, with
                alpha, of 16 bits or floats; a tensor; or a Pillow image.
            color: Channel order of an array, `bgr` or `rgb`: NumPy does not store it, and faces are
                missed in the wrong order.

        Returns:
            The faces, the largest first; empty if there are none.

        Raises:
            SourceError: It is not an image, or its format is ambiguous.
            ModelError: The recognizer is closed.
        """
        self._check_open()
        name = str(image) if isinstance(image, str | Path) else "image"
        return self._read_frame(self._reader, Frame(as_bgr(image, color=color), 0, 0.0, name))

    def stream(
        self,
        source: str | Path | int | Source | Iterable[object],
        *,
        tracker: Tracker | None = None,
        every: int = 5,
        smooth_s: float = STEADY.smooth_s,
        hysteresis: float = STEADY.hysteresis,
        pace: Pace | None = None,
        frame_rate_hz: float | None = None,
        color: ColorOrder = "bgr",
    ) -> Iterator[Result]:
        """Recognize the faces in every frame of a source, lazily.

        In a video faces are tracked, and their labels are steady; pictures of a folder are
        independent. Every call starts with new tracks. A source opened here is closed when the loop
        ends, breaks or fails; a `Source` or generator of the caller stays open.

        Args:
            source: A video, picture, folder of pictures or pattern; an address, such as rtsp://; a
                camera's number or device; images, each as in `read`; or a `Source`.
            tracker: Tracker instead of the recognizer's detector and tracker.
            every: Interval of detection: every Nth frame; in between, faces are tracked.
            smooth_s: Time constant of the smoothing in seconds; 0 is off.
            hysteresis: Margin by which a new label must be more probable, 0 to 1; 0 is off.
            pace: How often each face is classified. None is in every frame of a file, and ten times
                per second for cameras and streams.
            frame_rate_hz: Frame rate of images, which makes them a video; of a raw video file;
                requested from a camera.
            color: Channel order of the arrays, `bgr` or `rgb`.

        Yields:
            One result per frame.

        Raises:
            SourceError: The source cannot be opened or read.
            ModelError: The recognizer is closed.
            ConfigError: A number is out of range.
        """
        self._check_open()
        check_color(color)
        check_range("frame_rate_hz", frame_rate_hz, 0, 1000, is_above=True)
        steadiness = Steadiness(smooth_s, hysteresis, self._uncertain_below)
        with ExitStack() as closing:
            frames = _open(source, frame_rate_hz, color)
            if isinstance(source, int | str | Path):
                closing.callback(frames.close)
            reader: FrameReader = self._reader
            if frames.is_video:
                is_crop = tracker is None and isinstance(self._detector, WholeFrame)
                reader = Follower(
                    self._model,
                    tracker or open_tracker(self._open_moving(), every=every),
                    steadiness=steadiness,
                    pace=pace or (LIVE_PACE if frames.is_live else FILE_PACE),
                    boxes_are_crops=is_crop,
                )
            run = new_run()
            for frame in frames:
                yield completed(self._read_frame(reader, frame), frames, run)

    def _read_frame(self, reader: FrameReader, frame: Frame) -> Result:
        with self._lock:
            self._check_open()
            return reader.read_frame(frame)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ModelError(
                "this Recognizer is closed; use it within its with block, or create another"
            )


def _open(
    source: str | Path | int | Source | Iterable[object],
    frame_rate_hz: float | None,
    color: ColorOrder,
) -> Source:
    if isinstance(source, int):
        return open_camera(source, rate_hz=frame_rate_hz)
    if isinstance(source, str | Path):
        if _is_camera(source):
            return open_camera(str(source), rate_hz=frame_rate_hz)
        return open_source(source, frame_rate_hz=frame_rate_hz)
    if hasattr(source, "is_live"):
        return cast(Source, source)
    return Images(source, frame_rate_hz=frame_rate_hz, color=color)


def _is_camera(place: str | Path) -> bool:
    """Return whether a path is a device, including a missing one."""
    is_device = str(place).startswith("/dev/") and not Path(place).is_file()
    return is_device or (place == "picamera2" and not Path(place).exists())
