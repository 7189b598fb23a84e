"""Checks of a card's values: what is in a card can be shown, stored and used."""

from fer_edge.errors import ModelError
from fer_edge.shown import printable, unwritable

MOST_LABELS = 10_000
LONGEST_LABEL = 200
MOST_PIXELS = 4096
MOST_RANGE = 1e6
"""Limits of a model's input; beyond them a card is damaged."""


def is_input_range(black: float, white: float) -> bool:
    """Return whether two real values can be those of a black and a white pixel."""
    return -MOST_RANGE <= black < white <= MOST_RANGE  # a comparison with NaN is never true


def check_input(height: int, width: int, channels: int) -> None:
    """Check the shape of a model's input.

    Raises:
        ModelError: It cannot be that of a picture.
    """
    if channels not in (1, 3):
        raise ModelError(f"the card's input has {channels} channels; expected 1 or 3")
    if not 1 <= height <= MOST_PIXELS or not 1 <= width <= MOST_PIXELS:
        raise ModelError(
            f"the card's input is {height}x{width}; expected sides of 1 to {MOST_PIXELS} pixels"
        )


def check_input_range(black: float, white: float) -> None:
    """Check the real values of a black and a white pixel.

    Raises:
        ModelError: They are not finite, too large, or not in order.
    """
    if not is_input_range(black, white):
        raise ModelError(
            f"the card's input goes from {black} to {white}; expected black below white, both "
            f"within {-MOST_RANGE:g} to {MOST_RANGE:g}"
        )


def check_labels(labels: tuple[str, ...]) -> None:
    """Check the class names of a model.

    Raises:
        ModelError: There are too few or too many, two are equal, or one cannot be shown.
    """
    if fault := fault_of_labels(labels):
        raise ModelError(f"the card has {fault}")


def fault_of_labels(labels: tuple[str, ...]) -> str:
    """Describe what is wrong with the class names of a model; empty for nothing."""
    if not 2 <= len(set(labels)) == len(labels) <= MOST_LABELS:
        return (
            f"{len(labels)} labels, {len(set(labels))} of them different; expected 2 to "
            f"{MOST_LABELS} different names"
        )
    for label in labels:
        if not label.strip() or unwritable(label) or len(label) > LONGEST_LABEL:
            return (
                f"the label {label[:LONGEST_LABEL]!r}, which cannot be shown; expected 1 to "
                f"{LONGEST_LABEL} printable characters"
            )
    return ""


def check_line(key: str, text: str) -> None:
    """Check a text of one line, such as a name.

    Raises:
        ModelError: It is empty, has several lines, or cannot be shown.
    """
    if not text.strip() or unwritable(text):
        raise ModelError(
            f"the card's {key} is {_quoted(text)}, expected one line of printable characters; "
            "choose another, or rename the file"
        )


def check_paragraphs(key: str, text: str) -> None:
    """Check a text that may be empty or have several lines.

    Raises:
        ModelError: It cannot be shown.
    """
    if unwritable(text, also="\n\r\t"):
        raise ModelError(
            f"the card's {key} is {_quoted(text)}, expected printable characters; state it in "
            "UTF-8, without control characters"
        )


def check_encoding(text: str) -> None:
    """Check that a card can be stored, whatever its texts come from.

    Args:
        text: The card as JSON.

    Raises:
        ModelError: A text has bytes that are not UTF-8, such as those of a file's name.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text[text.rfind("\n", 0, error.start) + 1 :].partition("\n")[0].strip()
        raise ModelError(
            f"the card has a text that is not UTF-8 ({printable(line)}); rename the file that it "
            "comes from, or state another text"
        ) from error


def _quoted(text: str) -> str:
    return printable(repr(text))
