import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.tracking.scene import Scene, is_cut, last_scene, scene_of


def texture(seed: int = 0) -> NDArray[np.uint8]:
    """Return random gray blobs, 320 x 180 pixels."""
    coarse = np.random.default_rng(seed).integers(0, 256, (18, 32), dtype=np.uint8)
    return cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_CUBIC)


def faded(image: NDArray[np.uint8], share: float, *, to: int = 0, time_s: float = 0.0) -> Scene:
    """Return the scene of an image of which only a share is left, before a uniform color."""
    return scene_of((to + share * (image.astype(np.float32) - to)).astype(np.uint8), time_s)


def test_a_cut_is_told_from_motion_and_light() -> None:
    before = texture()
    assert is_cut(scene_of(before), scene_of(texture(1)))
    moved = np.roll(before, (1, 2), (0, 1))
    jumped = before.copy()
    jumped[40:160, 60:200] = texture(1)[40:160, 60:200]  # a large part of the picture, but not all
    brighter = (before // 2 + 90).astype(np.uint8)
    for after in (before, moved, brighter, jumped):
        assert not is_cut(scene_of(before), scene_of(after))


def test_noise_in_a_dark_picture_is_not_a_cut() -> None:
    dark, random = texture() * 0.06, np.random.default_rng(2)
    scenes = [
        scene_of((dark + random.normal(0, 2, dark.shape) + 10).astype(np.uint8)) for _ in range(20)
    ]
    assert all(3 < scene.spread < 6 for scene in scenes)
    assert not any(map(is_cut, scenes, scenes[1:]))


def test_a_uniform_picture_shows_no_scene() -> None:
    uniform = scene_of(np.full((180, 320), 7, np.uint8))
    assert uniform.is_uniform
    assert not is_cut(uniform, scene_of(texture()))
    assert not is_cut(scene_of(texture()), uniform)


def test_a_scene_is_remembered_through_uniform_pictures_and_fades() -> None:
    one, other = texture(), texture(1)
    for to in (0, 255):
        scene, at_s = scene_of(one), 0.0
        for share in (*np.linspace(0.9, 0.0, 10), 0.0, 0.0):
            at_s += 0.04
            seen = faded(one, share, to=to, time_s=at_s)
            assert not is_cut(scene, seen)
            scene = last_scene(scene, seen) or scene
        assert scene.spread > 5
        assert not is_cut(scene, faded(one, 0.1, to=to))
        for share in (0.05, 0.1, 0.5, 1):
            assert is_cut(scene, faded(other, share, to=to))


def test_a_scene_that_stays_dim_is_compared_after_a_second() -> None:
    bright, dim = scene_of(texture()), faded(texture(), 0.03, time_s=0.5)
    assert last_scene(bright, dim) is bright
    later = faded(texture(), 0.03, time_s=1.5)
    assert last_scene(bright, later) is later
    assert last_scene(None, dim) is dim
