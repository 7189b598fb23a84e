"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Example:
    from fer_edge.runtime import open_reader

    with open_reader() as reader:
        readings = reader.read(cv2.imread("photo.jpg"))
"""

from .frame import Frame
from .reading import Reader, open_reader
from .result import Reading, Result
from .sources import open_source

__all__ = ["Frame", "Reader", "Reading", "Result", "open_reader", "open_source"]
