"""Properties of the noise clip that the fixture `clip` makes."""

CLIP_FRAMES = 12
