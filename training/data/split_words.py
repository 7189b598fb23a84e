"""Names of train, validation and test in folders and CSV files."""

import re

_WORDS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("validation", "valid", "validate", "validating", "val"), 1),
    **dict.fromkeys(("dev", "devel", "development", "eval", "evaluation", "publictest"), 1),
    **dict.fromkeys(("test", "testing", "holdout", "heldout", "privatetest"), 2),
}
_NOISE = ("set", "data", "images", "image", "imgs", "pictures", "faces", "folder", "split")
CHOICES = "train, validation, test, or FER2013's Training, PublicTest, PrivateTest"
"""Names shown in messages; others are accepted."""


def split_code(word: str) -> int | None:
    """Return the split code of a name, None if it is unknown.

    Upper case, separators, and words such as "set" or "images" are ignored: "Train_Set",
    "test-data" and "PublicTest" are known. FER2013's PublicTest is the validation split, and so are
    dev and eval.

    Returns:
        Index into `fer_edge.faces.faceset.SPLITS`.
    """
    plain = re.sub(r"[\W_]+", "", word.casefold())
    while plain not in _WORDS:
        shorter = next((cut for noise in _NOISE if (cut := _without(plain, noise)) != plain), "")
        if not shorter:
            return None
        plain = shorter
    return _WORDS[plain]


def _without(word: str, noise: str) -> str:
    return word.removesuffix(noise).removeprefix(noise)
