"""The smallest face that an import accepts."""

from fer_edge.errors import DatasetError

SMALLEST_PX = 8


def check_side(height: int, width: int, where: str) -> None:
    """Reject faces in which no expression can be seen, such as a single gray value.

    Raises:
        DatasetError: A side is shorter than 8 pixels.
    """
    if min(height, width) < SMALLEST_PX:
        raise DatasetError(
            f"{where}: the face has {width}x{height} pixels; expected at least "
            f"{SMALLEST_PX}x{SMALLEST_PX}"
        )
