"""The part of a run's configuration for recognition, and the reader created from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_edge.cli.option_fields import check_ranges, option

from .model_config import ModelConfig, open_chosen_model

if TYPE_CHECKING:
    from fer_edge.aligner.aligner import Aligner
    from fer_edge.inference.model import TFLiteModel

    from ..capture.frame import Source
    from ..detection.detector import FaceDetector
    from ..tracking.config import FacesConfig
    from .comparer import Comparer
    from .follower import Follower, Pace
    from .reader import Reader
    from .smoothing import Steadiness


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """From a face's box to its label."""

    alignment: Literal["on", "off"] = option(
        "--alignment",
        default="on",
        shows_default=True,
        help="Whether faces are turned upright and centered before they are classified, by a small "
        "network, instead of cut exactly as the detector's box says.",
    )
    smooth_s: float = option(
        "--smooth",
        default=0.2,
        at_least=0,
        at_most=3600,
        shows_default=True,
        metavar="SECONDS",
        help="Time constant in seconds for smoothing the probabilities of a video: two thirds "
        "of a sudden change are visible after it; 0 is off, 1 is steady and slow.",
    )
    hysteresis: float = option(
        "--hysteresis",
        default=0.1,
        at_least=0,
        at_most=1,
        shows_default=True,
        metavar="SHARE",
        help="Margin by which another expression must be more probable to become the label in a "
        "video, to avoid flicker; 0 is off.",
    )
    uncertain_below: float = option(
        "--uncertain-below",
        default=0.4,
        at_least=0,
        at_most=1,
        shows_default=True,
        metavar="SHARE",
        help=(
            "Lowest probability of the best expression; below it a face is labeled "
            "'uncertain', in a video until it exceeds it by --hysteresis; 0 is never."
        ),
    )
    classify_every_s: float | None = option(
        "--classify-every",
        at_least=0,
        at_most=3600,
        metavar="SECONDS",
        help="Interval in seconds at which each face of a video is classified; its last result "
        "holds in between. 0 is every frame. Default: 0.1 for cameras and streams, 0 for "
        "files.",
    )
    classify_per_frame: int | None = option(
        "--classify-per-frame",
        at_least=1,
        metavar="N",
        help="Most faces to classify in one frame of a video; those that waited longest come "
        "first. Default: 4 for cameras and streams, all for files.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "recognition")

    def open_aligner(self) -> "Aligner | None":
        """Open the aligner, if faces are aligned.

        Raises:
            ModelError: The installation is damaged.
        """
        if self.alignment == "off":
            return None
        from fer_edge.aligner.aligner import open_aligner

        return open_aligner()

    def steadiness(self) -> "Steadiness":
        """Return the settings for steady labels in a video."""
        from .smoothing import Steadiness

        return Steadiness(self.smooth_s, self.hysteresis, self.uncertain_below)

    def pace(self, *, is_live: bool) -> "Pace":
        """Return how often a face is classified: as configured, else depending on the source."""
        from .follower import FILE_PACE, LIVE_PACE, Pace

        usual = LIVE_PACE if is_live else FILE_PACE
        return Pace(
            usual.every_s if self.classify_every_s is None else self.classify_every_s,
            self.classify_per_frame or usual.per_frame,
        )


def open_chosen_reader(
    model: ModelConfig,
    faces: "FacesConfig",
    recognition: RecognitionConfig,
    *,
    detector: "FaceDetector",
    source: "Source",
) -> "Reader | Follower":
    """Open the model, and create the reader for the source's frames; see `chosen_reader`.

    Raises:
        ModelError: A model is damaged, altered or of another kind.
    """
    from contextlib import ExitStack

    with ExitStack() as opened:
        served = open_chosen_model(model)
        opened.callback(served.close)
        comparer = _open_chosen_comparer(model, served)
        if comparer is not None:
            opened.callback(comparer.close)
        reader = chosen_reader(
            *(served, faces, recognition, detector),
            aligner=recognition.open_aligner(),
            is_video=source.is_video,
            is_live=source.is_live,
            comparer=comparer,
        )
        opened.pop_all()  # from now on the reader closes them
    return reader


def chosen_reader(
    served: "TFLiteModel",
    faces: "FacesConfig",
    recognition: RecognitionConfig,
    detector: "FaceDetector",
    *,
    aligner: "Aligner | None",
    is_video: bool,
    is_live: bool = False,
    comparer: "Comparer | None" = None,
) -> "Reader | Follower":
    """Create the reader of pictures, which are independent, or of a video, whose faces are tracked.

    Args:
        served: Open model; closed with the reader.
        faces: Face detection and tracking.
        recognition: From a face's box to its label.
        detector: Detector of the faces, opened for pictures or for videos.
        aligner: From `RecognitionConfig.open_aligner`.
        is_video: Whether the frames form a video.
        is_live: Whether they arrive in real time.
        comparer: Comparison with another model; closed with the reader.
    """
    from ..detection.detector import WholeFrame
    from ..tracking.config import open_chosen_tracker
    from .follower import Follower
    from .reader import Reader

    if not is_video:
        return Reader(
            served,
            detector,
            aligner=aligner,
            min_face_px=faces.min_face_px,
            max_faces=faces.max_faces,
            uncertain_below=recognition.uncertain_below,
            comparer=comparer,
        )
    return Follower(
        served,
        open_chosen_tracker(faces, detector),
        aligner=aligner,
        steadiness=recognition.steadiness(),
        pace=recognition.pace(is_live=is_live),
        boxes_are_crops=isinstance(detector, WholeFrame),
        comparer=comparer,
    )


def _open_chosen_comparer(model: ModelConfig, served: "TFLiteModel") -> "Comparer | None":
    if model.compare is None:
        return None
    from fer_edge.model.bundled import find_model

    from .comparer import open_comparer

    return open_comparer(find_model(model.compare), served, every=model.compare_every)
