"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Example:
    from fer_edge.runtime import open_reader

    with open_reader() as reader:
        readings = reader.read(cv2.imread("photo.jpg"))
"""

from .reading import Reader, Reading, open_reader
from .sources import Frame, open_source

__all__ = ["Frame", "Reader", "Reading", "open_reader", "open_source"]
