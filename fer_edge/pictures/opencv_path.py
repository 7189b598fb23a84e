"""File names as OpenCV takes them."""

from pathlib import Path

from fer_edge.errors import FerEdgeError


def opencv_path(path: Path, error: type[FerEdgeError]) -> str:
    """Return a path as a text that OpenCV takes; it crashes on bytes that are not UTF-8.

    Raises:
        FerEdgeError: The name is not UTF-8; of the type given.
    """
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError as cause:
        raise error(f"{path}: OpenCV takes no name that is not UTF-8; rename it") from cause
    return name
