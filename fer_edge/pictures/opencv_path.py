"""File names for OpenCV."""

from pathlib import Path

from fer_edge.errors import FerEdgeError


def opencv_path(path: Path, error: type[FerEdgeError]) -> str:
    """Return a path as text for OpenCV, which crashes on bytes that are not UTF-8.

    Raises:
        FerEdgeError: The name is not UTF-8; the type is `error`.
    """
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError as cause:
        raise error(f"{path}: OpenCV cannot open a name that is not UTF-8; rename it") from cause
    return name
