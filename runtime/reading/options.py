"""The options of `fer-edge run` that say how a face is read, and the reader made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..frame import Source
from ..options import NumberRange
from .model_options import open_chosen_model

if TYPE_CHECKING:
    from ..faces.detection import FaceDetector
    from .following import Follower
    from .reader import Reader


READING_OPTIONS = (
    click.Option(
        ["--smooth", "smooth_s"],
        default=0.2,
        show_default=True,
        type=NumberRange(0, 3600),
        metavar="SECONDS",
        help="Time constant of the smoothing of a video's probabilities: a sudden change is two "
        "thirds through after it; 0 is off, 1 is calm and late.",
    ),
    click.Option(
        ["--hysteresis"],
        default=0.1,
        show_default=True,
        type=NumberRange(0, 1),
        metavar="SHARE",
        help="In a video, another expression must be more probable by this much to become the "
        "label, so that it does not flicker; 0 is off.",
    ),
    click.Option(
        ["--uncertain-below"],
        default=0.4,
        show_default=True,
        type=NumberRange(0, 1),
        metavar="SHARE",
        help="A face is labelled 'uncertain' while no expression is this probable; 0 is never.",
    ),
    click.Option(
        ["--classify-every", "classify_every_s"],
        type=NumberRange(0, 3600),
        metavar="SECONDS",
        help="Read each face of a video again after so long; between, its last reading holds. "
        "0 is every frame. Default: 0.1 for cameras and streams, 0 for files.",
    ),
    click.Option(
        ["--classify-per-frame"],
        type=click.IntRange(1),
        metavar="N",
        help="Read at most N faces in one frame of a video, those first that wait longest. "
        "Default: 4 for cameras and streams, all for files.",
    ),
)

COMPARE_OPTIONS = (
    click.Option(
        ["--compare"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Let another model, such as the float one, read a sample of the same crops, and "
        "report agreement, differences and both latencies each minute and at the end.",
    ),
    click.Option(
        ["--compare-every"],
        default=20,
        show_default=True,
        type=click.IntRange(1),
        metavar="N",
        help="The model of --compare reads every Nth crop.",
    ),
)


def open_chosen_reader(
    options: dict[str, Any], detector: "FaceDetector", source: Source
) -> "Reader | Follower":
    """Open the model that the options name, and what reads the source's frames with it.

    Pictures are read each for itself; the faces of a video are followed.

    Raises:
        ModelError: A model is broken, altered or not what it says.
    """
    from contextlib import ExitStack

    from fer_edge.bundled import find_model

    from ..faces.detection import WholeFrame
    from ..faces.options import open_chosen_tracker
    from .comparing import open_comparer
    from .following import FILE_PACE, LIVE_PACE, Follower, Pace
    from .reader import Reader
    from .smoothing import Steadiness

    compare, every_s = options["compare"], options["classify_every_s"]
    with ExitStack() as opened:
        model = open_chosen_model(options)
        opened.callback(model.close)
        comparer = None
        if compare is not None:
            path = find_model(str(compare))
            comparer = open_comparer(path, model, every=options["compare_every"])
            opened.callback(comparer.close)
        uncertain_below = options["uncertain_below"]
        reader: Reader | Follower
        if source.is_video:
            usual = LIVE_PACE if source.is_live else FILE_PACE
            reader = Follower(
                model,
                open_chosen_tracker(options, detector),
                steadiness=Steadiness(options["smooth_s"], options["hysteresis"], uncertain_below),
                pace=Pace(
                    usual.every_s if every_s is None else every_s,
                    options["classify_per_frame"] or usual.per_frame,
                ),
                boxes_are_crops=isinstance(detector, WholeFrame),
                comparer=comparer,
            )
        else:
            reader = Reader(
                model,
                detector,
                min_face_px=options["min_face_px"],
                max_faces=options["max_faces"],
                uncertain_below=uncertain_below,
                comparer=comparer,
            )
        opened.pop_all()  # the reader closes them from here on
    return reader
