"""Expressions in output order, for FER2013 and FER+; every model file has its own list."""

import re
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


_SYNONYMS = {
    "angry": ("anger", "angered", "rage", "mad"),
    "disgust": ("disgusted", "disgusting"),
    "fear": ("fearful", "afraid", "scared", "frightened"),
    "happy": ("happiness", "joy", "joyful"),
    "sad": ("sadness",),
    "surprise": ("surprised", "suprise", "suprised", "surprize", "surprized"),
    "neutral": ("neutrality",),
}
"""Other names of FER2013's classes in public face sets, with common misspellings."""

_STANDARD = {
    name: standard for standard, others in _SYNONYMS.items() for name in (standard, *others)
}


def standard_name(name: str) -> str:
    """Return FER2013's name of a class, or the name unchanged if FER2013 has none.

    Upper case and a leading number are ignored: "Anger" and "0_angry" become "angry".
    """
    plain = name.strip().casefold()
    return _STANDARD.get(plain) or _STANDARD.get(re.sub(r"^\d+[\s._-]+", "", plain), name)


def drawable(label: str) -> str:
    """Return a class name that OpenCV can draw: its fonts have ASCII only.

    Accents are removed ("müde" becomes "mude"); OpenCV draws other letters as question marks.
    """
    parts = unicodedata.normalize("NFKD", label)
    return "".join(
        letter if letter.isascii() and letter.isprintable() else "?"
        for letter in parts
        if not unicodedata.combining(letter)
    )
