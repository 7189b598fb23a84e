"""One hue per expression, the same on pictures wherever they are shown."""

_RGB = {
    "angry": (229, 72, 77),
    "disgust": (70, 167, 88),
    "fear": (157, 91, 210),
    "happy": (245, 190, 30),
    "sad": (74, 144, 255),
    "surprise": (255, 128, 52),
    "neutral": (160, 170, 182),
    "contempt": (18, 165, 148),
}
_RGB |= {"anger": _RGB["angry"], "happiness": _RGB["happy"], "sadness": _RGB["sad"]}
_OTHERS = tuple(dict.fromkeys(hue for name, hue in _RGB.items() if name != "neutral"))
UNCERTAIN_BGR = (205, 205, 205)

Colour = tuple[int, int, int]


def colours_bgr(labels: tuple[str, ...]) -> dict[str, Colour]:
    """Return each label's colour, BGR 0 to 255; labels of other models take the hues in turn."""
    return {
        label: _RGB.get(label.lower(), _OTHERS[i % len(_OTHERS)])[::-1]
        for i, label in enumerate(labels)
    }


def ink_on(colour: Colour) -> Colour:
    """Return black or white, whichever is readable on a BGR colour."""
    blue, green, red = colour
    return (20, 20, 20) if 0.114 * blue + 0.587 * green + 0.299 * red > 140 else (255, 255, 255)
