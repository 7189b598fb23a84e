"""The expressions, in output order. Written once; every model file carries its own copy."""

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
"""Other names of FER2013's classes in public face sets, with their usual slips."""

_STANDARD = {
    name: standard for standard, others in _SYNONYMS.items() for name in (standard, *others)
}


def standard_name(name: str) -> str:
    """Return FER2013's name of a class, or the name as it is where FER2013 has none.

    Capitals and a number in front do not matter: "Anger" and "0_angry" are "angry".
    """
    plain = name.strip().casefold()
    return _STANDARD.get(plain) or _STANDARD.get(re.sub(r"^\d+[\s._-]+", "", plain), name)


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
