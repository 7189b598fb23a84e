"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Example:
    from fer_edge.runtime import open_reader

    with open_reader() as reader:
        readings = reader.read(cv2.imread("photo.jpg"))
"""

from .following import Follower, Pace, open_follower
from .frame import Frame
from .reading import Reader, open_reader
from .result import Reading, Result
from .smoothing import Steadiness
from .sources import open_source

__all__ = [
    "Follower",
    "Frame",
    "Pace",
    "Reader",
    "Reading",
    "Result",
    "Steadiness",
    "open_follower",
    "open_reader",
    "open_source",
]
