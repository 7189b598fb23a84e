"""Noise of the augmentation: the same in every version for bundled recipes, bounded for others."""

import tracemalloc

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.loop.augmentation import DRAWS, augment
from fer_edge.training.recipes.recipe import Augmentation

NOISE = Augmentation(noise=0.1)


def noisy(size: int, draws: np.ndarray) -> np.ndarray:
    faces = np.full((len(draws), size, size, 1), 0.5, np.float32)
    return keras.ops.convert_to_numpy(augment(faces, keras.ops.convert_to_tensor(draws), NOISE))


def test_the_noise_of_faces_up_to_64_pixels_is_the_difference_of_two_of_256_patterns() -> None:
    draws = np.random.default_rng(1).random((8, DRAWS), np.float32)
    patterns = np.random.default_rng(0).standard_normal((256, 64, 64, 1), np.float32)
    one, other = (patterns[(draws[:, at] * 256).astype(int)] for at in (15, 16))
    amount = 0.1 * np.maximum(2 * draws[:, 14] - 1, 0)[:, None, None, None]
    expected = np.clip(0.5 + amount * (one - other) / 2**0.5, 0, 1)
    np.testing.assert_allclose(noisy(64, draws), expected, atol=1e-6)


def test_the_noise_of_large_faces_takes_little_memory_and_every_draw() -> None:
    draws = np.full((2, DRAWS), np.nextafter(np.float32(1), np.float32(0)), np.float32)
    draws[1, 16] = 0
    tracemalloc.start()
    try:
        same, different = noisy(512, draws)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 128 * 1024**2
    assert np.all(same == 0.5)
    assert different.std() == pytest.approx(0.1, rel=0.1)
