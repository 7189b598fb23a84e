"""Scenes: whether two pictures show the same one, even in another light."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A pixel is the same if it differs by less than this, in standard deviations of its image. From
# frame to frame this holds for 85% of a clip's pixels, for 30% when the camera turns by an eighth
# of the picture in a frame; across a cut, or between two photographs, for 7 to 20%.
_SAME_PIXEL = 0.25
_MIN_SAME = 0.25
# Differences of fewer gray levels are noise, whatever the contrast.
_NOISE_LEVELS = 1.5
# Standard deviation of the gray values, of 255. Below the first a picture is uniform, as from a
# covered lens or between two scenes, and shows nothing. Below the second its few levels make many
# pixels equal by chance: two scenes at the ends of a fade would be the same.
_UNIFORM = 1.0
_DIM = 6.0
_MUCH_DIMMER = 0.9
# a picture is compared with one that is at most this old, if that one was not dim either
_KEPT_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a picture shows, without its exposure: every eighth pixel of a small gray image.

    Attributes:
        pixels: float32, (rows, columns), with the mean 0 and the standard deviation 1.
        spread: Standard deviation of the gray values before.
        time_s: Time of its frame.
    """

    pixels: NDArray[np.float32]
    spread: float
    time_s: float = 0.0

    @property
    def is_uniform(self) -> bool:
        """Whether it shows nothing."""
        return self.spread < _UNIFORM


def scene_of(gray: NDArray[np.uint8], time_s: float = 0.0) -> Scene:
    """Return what a gray image shows: uint8, (height, width)."""
    pixels = gray[::8, ::8].astype(np.float32)
    mean, deviation = cv2.meanStdDev(pixels)  # a third of NumPy's time
    spread = float(deviation[0, 0])
    pixels -= mean[0, 0]
    if spread >= _UNIFORM:
        pixels *= 1 / spread  # exposure is not part of the scene
    return Scene(pixels, spread, time_s)


def is_cut(before: Scene, after: Scene) -> bool:
    """Return whether two pictures show different scenes: hardly any pixel is the same."""
    if before.is_uniform or after.is_uniform:
        return False
    limit = max(_SAME_PIXEL, _NOISE_LEVELS / min(before.spread, after.spread))
    same = int(np.count_nonzero(abs(before.pixels - after.pixels) < limit))
    return same < _MIN_SAME * after.pixels.size


def last_scene(before: Scene | None, after: Scene) -> Scene | None:
    """Return with which of two pictures the next one is compared: the later one, unless it is dim.

    So a scene is remembered through uniform pictures and fades.
    """
    if after.is_uniform:
        return before
    if before is None or after.time_s - before.time_s > _KEPT_S:
        return after
    is_dim = after.spread < min(_DIM, _MUCH_DIMMER * before.spread)
    return before if is_dim else after
