"""One color per expression, the same in all pictures."""

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

Color = tuple[int, int, int]


def colors_bgr(labels: tuple[str, ...]) -> dict[str, Color]:
    """Return the color of each label, BGR 0 to 255; other labels get the remaining hues in turn."""
    return {
        label: _RGB.get(label.lower(), _OTHERS[i % len(_OTHERS)])[::-1]
        for i, label in enumerate(labels)
    }


def ink_on(color: Color) -> Color:
    """Return black or white, whichever is readable on a BGR color."""
    blue, green, red = color
    return (20, 20, 20) if 0.114 * blue + 0.587 * green + 0.299 * red > 140 else (255, 255, 255)
