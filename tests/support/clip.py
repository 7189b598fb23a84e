"""The clip of noise that the fixture `clip` makes."""

CLIP_FRAMES = 12
