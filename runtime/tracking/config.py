"""The part of a run's configuration that says how faces are found and followed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import plugins
from fer_edge.cli.needs import Needs
from fer_edge.cli.option_fields import check_ranges, is_library_path, is_path, option

if TYPE_CHECKING:
    from ..detection.detector import FaceDetector
    from .track import Tracker

DETECTOR_FIELDS = ("detector", "detector_model", "detect_size_px", "every")
"""Those that choose what finds faces and how often, and so the cost; `benchmark` has them, too."""


@dataclass(frozen=True, slots=True)
class FacesConfig:
    """How faces are found and followed."""

    detector: str = option(
        "--detector",
        default="yunet",
        group=plugins.DETECTORS,
        shows_default=True,
        help="What finds faces. none: the pictures are face crops already.",
    )
    detector_model: Path | None = option(
        "--detector-model",
        metavar="FILE",
        is_place=is_path,
        help="The detector's model: another .tflite of `fer-edge convert-detector`, a cascade's "
        ".xml for haar; blazeface needs its .tflite here.",
    )
    detector_delegate: str | None = option(
        "--detector-delegate",
        metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
        is_place=is_library_path,
        help="Run the detector elsewhere than on the CPU, as --delegate runs the model; both may "
        "name the same Edge TPU. yunet only, with --detector-model of one size, compiled, see "
        "fer-edge convert-detector --edgetpu.",
    )
    detect_size_px: int | None = option(
        "--detect-size",
        at_least=64,
        metavar="PX",
        help="Shrink frames to this long side to find faces: 640 finds faces half as large as 320 "
        "does, and costs three times as much. Default: for yunet 320, and 1280 for "
        "photographs; 640 for haar; blazeface has its own.",
    )
    every: int = option(
        "--every",
        default=5,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="Detect faces in every Nth frame of a video or camera and follow them in between, "
        "which costs a tenth. At 10 frames a second or less: --every 2.",
    )
    min_score: float | None = option(
        "--min-score",
        at_least=0,
        at_most=1,
        metavar="SHARE",
        help="Leave out faces that the detector is less sure of; 0.75 if it takes other things "
        "for faces. Default: 0.6, and 0.68 for photographs. haar has no scores.",
    )
    min_face_px: float = option(
        "--min-face",
        default=0.0,
        at_least=0,
        metavar="PX",
        help="Leave out faces less high than this, in pixels of the frame, such as passers-by far "
        "off: --min-face 48.",
    )
    max_faces: int = option(
        "--max-faces",
        default=100,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="At most so many faces per frame; the largest are kept.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "faces")

    def needs(self) -> Needs:
        """Say what it asks of the system."""
        files = [] if self.detector_model is None else [self.detector_model]
        if self.detector_delegate is not None and is_library_path(self.detector_delegate):
            files.append(Path(self.detector_delegate))
        return Needs(reads=tuple(files), accelerator=self.detector_delegate is not None)


def open_chosen_detector(faces: FacesConfig, *, is_video: bool) -> "FaceDetector":
    """Open the detector.

    Args:
        faces: Which.
        is_video: Whether the frames are one moving picture; photographs get more time.

    Raises:
        DetectorError: Its model file is missing or unusable.
        PluginError: Another package's detector cannot be used.
    """
    from ..detection.opening import open_detector, open_photo_detector

    open_one = open_detector if is_video else open_photo_detector
    return open_one(
        faces.detector,
        faces.detector_model,
        min_score=faces.min_score,
        long_side_px=faces.detect_size_px,
        delegate=faces.detector_delegate,
    )


def open_chosen_tracker(faces: FacesConfig, detector: "FaceDetector") -> "Tracker":
    """Make what follows faces through a moving picture."""
    from .flow_tracker import open_tracker

    return open_tracker(
        detector,
        every=faces.every,
        min_face_px=faces.min_face_px,
        max_faces=faces.max_faces,
    )
