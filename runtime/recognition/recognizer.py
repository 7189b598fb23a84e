"""The main interface: from a picture, a video or a camera to faces and their expressions."""

import threading
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import SupportsIndex, TypeVar, cast

from fer_edge.aligner.aligner import open_aligner
from fer_edge.errors import ConfigError, ModelError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.card import ModelCard
from fer_edge.ranges import check_range

from ..capture.frame import Frame, Source
from ..capture.images import Images
from ..capture.opening import open_camera, open_source
from ..capture.own_source import CheckedSource
from ..capture.pixels import ColorOrder, as_bgr, check_color
from ..detection.detector import MOST_FACES, DetectorSettings, FaceDetector, WholeFrame
from ..detection.opening import open_with_settings
from ..detection.own_detector import OwnDetector, as_detector
from ..timing.wall_clock import new_run
from ..tracking.flow_tracker import open_tracker
from ..tracking.own_tracker import as_tracker
from ..tracking.track import Tracker
from .follower import FILE_PACE, LIVE_PACE, Follower, Pace
from .reader import Reader
from .result import FrameReader, Result, completed
from .smoothing import STEADY, Steadiness

Opened = TypeVar("Opened", bound="Recognizer")


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
        detector_settings: DetectorSettings | None = None,
        min_face_px: float = 0.0,
        max_faces: int = MOST_FACES,
        uncertain_below: float = STEADY.uncertain_below,
        threads: int = 1,
        delegate: str | None = None,
    ) -> None:
        """Open a model and a detector.

        Args:
            model: Name of a bundled model, or a .tflite file with a card.
            detector: Face detector: `yunet`, `haar`, `blazeface`; `none` for pictures that are face
                crops; the name of another package's; or your own: a `FaceDetector`, or a function
                from an image, uint8 (height, width, 3) BGR, to boxes of (left, top, right, bottom)
                in its pixels. Boxes should have YuNet's framing: brow to chin. A name is opened in
                its modes for photographs and for videos; your own detector is used for both.
            detector_settings: Minimum score, size, model file and delegate of a detector given by
                name; your own takes only the minimum score. `is_photo` stays False: each reading
                chooses the mode. None uses the defaults.
            min_face_px: Lowest height of a face's box in pixels of the frame.
            max_faces: Most faces per frame; the largest are kept.
            uncertain_below: Lowest probability of a label; otherwise a face is `uncertain`, 0 to 1.
            threads: CPU threads per inference.
            delegate: Delegate for the model: `edgetpu`, `edgetpu:usb:0`, ..., or a library.

        Raises:
            ModelError: The model is damaged, altered or of another kind.
            DetectorError: The detector's file is missing or unusable, or it is not a detector.
            PluginError: The detector's name is unknown, or another package's cannot be used.
            ConfigError: An argument is out of range, of another kind, or not for your detector.
        """
        self._lock = threading.RLock()  # a signal handler may close it while its thread reads
        self._is_closed = self._is_reading = False
        self._opened = weakref.WeakSet[Source]()
        self._uncertain_below = Steadiness(uncertain_below=uncertain_below).uncertain_below
        check_range("min_face_px", min_face_px, 0)
        check_range("max_faces", max_faces, 1, is_whole=True)
        self._min_face_px, self._max_faces = min_face_px, max_faces
        open_one = _opener(detector, detector_settings)
        self._open_moving = partial(open_one, is_photo=False)  # for the first video, if any
        self._aligner = open_aligner()
        self._model = open_model(find_model(str(model)), threads=threads, delegate=delegate)
        try:
            self._detector = open_one(is_photo=True)
        except BaseException:
            self._model.close()
            raise
        self._reader = Reader(
            self._model,
            self._detector,
            aligner=self._aligner,
            min_face_px=min_face_px,
            max_faces=max_faces,
            uncertain_below=uncertain_below,
        )

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the model; afterwards nothing can be recognized.

        It may be called from any thread and from a signal handler. Loops over cameras and streams
        that were opened by `stream` end, even those that wait for a frame.
        """
        self._is_closed = True
        for source in tuple(self._opened):
            if source.is_live:
                source.close()
        with self._lock:
            if not self._is_reading:  # otherwise this thread was interrupted: it releases it
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
            DetectorError: Your own detector returned something other than boxes of faces.
            PluginError: Another package's detector failed.
            ModelError: The recognizer is closed.
            ConfigError: `color` is unknown.
        """
        self._check_open()
        name = str(image) if isinstance(image, str | Path) else "image"
        return self._read_frame(self._reader, Frame(as_bgr(image, color=color), 0, 0.0, name))

    def stream(
        self,
        source: str | Path | SupportsIndex | Source | Iterable[object],
        *,
        tracker: Tracker | None = None,
        every: int = 5,
        smooth_s: float = STEADY.smooth_s,
        hysteresis: float = STEADY.hysteresis,
        pace: Pace | None = None,
        frame_rate_hz: float | None = None,
        color: ColorOrder = "bgr",
    ) -> Generator[Result, None, None]:
        """Open a source, and recognize the faces in each of its frames when it is asked for.

        In a video faces are tracked, and their labels are steady; pictures of a folder are
        independent. Every call starts with new tracks. A source opened here is closed when its last
        frame was read or reading fails, and with the returned generator: by its `close`, or when
        nothing refers to it any more, as after `break`. The caller's sources stay open.

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

        Returns:
            A generator of one result per frame; `contextlib.closing` closes it after a `break`.

        Raises:
            SourceError: The source cannot be opened; or, in the loop, cannot be read.
            DetectorError: In the loop: your own detector or tracker returned something else.
            PluginError: Another package's source or detector cannot be used, or fails in the loop.
            ModelError: The recognizer is closed.
            ConfigError: An argument is out of range, or of another kind.
        """
        self._check_open()
        _check_arguments(color, pace, frame_rate_hz, every)
        own_tracker = None if tracker is None else as_tracker(tracker)
        steadiness = Steadiness(smooth_s, hysteresis, self._uncertain_below)
        with ExitStack() as closing:
            frames = _open(source, frame_rate_hz, color)
            if isinstance(source, Integral | str | Path):
                closing.callback(frames.close)
                self._opened.add(frames)
            reader: FrameReader = self._reader
            if frames.is_video:
                pace = pace or (LIVE_PACE if frames.is_live else FILE_PACE)
                reader = self._follower(own_tracker, every, steadiness, pace)
            opened = closing.pop_all()
        results = self._results(reader, frames, opened)
        next(results)  # a generator that was never started does not run its own cleanup
        return cast(Generator[Result, None, None], results)

    def _follower(
        self, tracker: Tracker | None, every: int, steadiness: Steadiness, pace: Pace
    ) -> Follower:
        is_crop = tracker is None and isinstance(self._detector, WholeFrame)
        if tracker is None:
            tracker = open_tracker(
                self._open_moving(),
                every=every,
                min_face_px=self._min_face_px,
                max_faces=self._max_faces,
            )
        return Follower(
            self._model,
            tracker,
            aligner=self._aligner,
            steadiness=steadiness,
            pace=pace,
            boxes_are_crops=is_crop,
        )

    def _results(
        self, reader: FrameReader, frames: Source, opened: ExitStack
    ) -> Generator[Result | None, None, None]:
        with opened:
            run = new_run()
            yield None  # for `stream`, which starts it
            for frame in frames:
                yield completed(self._read_frame(reader, frame), frames, run)

    def _read_frame(self, reader: FrameReader, frame: Frame) -> Result:
        with self._lock:
            self._check_open()
            self._is_reading = True
            try:
                return reader.read_frame(frame)
            finally:
                self._is_reading = False
                if self._is_closed:
                    self._model.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ModelError(
                "this Recognizer is closed; use it within its with block, or create another"
            )


def _check_arguments(color: object, pace: object, frame_rate_hz: object, every: object) -> None:
    check_color(color)
    check_range("frame_rate_hz", frame_rate_hz, 0, 1000, is_above=True, is_optional=True)
    check_range("every", every, 1, is_whole=True)
    if pace is not None and not isinstance(pace, Pace):
        raise ConfigError(f"'pace' is {pace!r:.80}, expected a Pace, or None")


def _opener(
    detector: str | FaceDetector | OwnDetector, given: DetectorSettings | None
) -> Callable[..., FaceDetector]:
    """Return a function of `is_photo` that opens the detector; raises for one that is not."""
    settings = DetectorSettings() if given is None else given
    if not isinstance(settings, DetectorSettings):
        raise ConfigError(
            f"'detector_settings' is {settings!r:.80}, expected DetectorSettings, or None"
        )
    if settings.is_photo:
        raise ConfigError(
            "detector_settings.is_photo is True, expected the default: read uses the mode for "
            "photographs, and stream that for videos"
        )
    if isinstance(detector, str):
        return lambda *, is_photo: open_with_settings(
            detector, replace(settings, is_photo=is_photo)
        )
    own = as_detector(detector, min_score=settings.min_score)
    if replace(settings, min_score=None) != DetectorSettings():
        raise ConfigError(
            "detector_settings has a model, size or delegate for your own detector, expected only "
            "min_score; set them in the detector"
        )
    return lambda *, is_photo: own


def _open(
    source: str | Path | SupportsIndex | Source | Iterable[object],
    frame_rate_hz: float | None,
    color: ColorOrder,
) -> Source:
    if isinstance(source, Integral):  # NumPy's integers, too
        return open_camera(int(source), frame_rate_hz=frame_rate_hz)
    if isinstance(source, str | Path):
        if _is_camera(source):
            return open_camera(str(source), frame_rate_hz=frame_rate_hz)
        return open_source(source, frame_rate_hz=frame_rate_hz)
    if hasattr(source, "is_live"):
        return source if isinstance(source, CheckedSource) else CheckedSource(cast(Source, source))
    return Images(cast(Iterable[object], source), frame_rate_hz=frame_rate_hz, color=color)


def _is_camera(place: str | Path) -> bool:
    """Return whether a path is a device, including a missing one."""
    is_device = str(place).startswith("/dev/") and not Path(place).is_file()
    return is_device or (place == "picamera2" and not Path(place).exists())
