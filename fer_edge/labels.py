"""The expressions, in output order. Written once; every model file carries its own copy."""

import unicodedata

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its `emotion` column, 0 to 6."""

FERPLUS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "not a face"),
)
"""FER+'s ten columns of votes, in its own order (Barsoum et al. 2016, arXiv:1608.01041)."""

FERPLUS_CLASSES = FERPLUS[:8]
"""FER+'s classes: its columns without `unknown` and `not a face`."""


def drawable(label: str) -> str:
    """Return a class's name as OpenCV can draw it: its fonts have ASCII only.

    Accents go ("müde" becomes "mude"); what has no ASCII base stays OpenCV's question mark.
    """
    parts = unicodedata.normalize("NFKD", label)
    return "".join(
        letter if letter.isascii() and letter.isprintable() else "?"
        for letter in parts
        if not unicodedata.combining(letter)
    )
