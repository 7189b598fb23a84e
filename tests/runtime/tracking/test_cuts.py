"""Which faces keep their numbers when the scene changes for a moment, or for good."""

import numpy as np
import pytest

from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.tracking.flow_tracker import FaceTracker
from tests.support.moving_faces import Image, as_frames, background, paste


def numbers(images: list[Image], every: int = 5) -> list[list[int]]:
    """Return the numbers of the tracks in each image."""
    tracker = FaceTracker(YuNet(), every=every)
    return [[track.number for track in tracker.follow(frame)] for frame in as_frames(images)]


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("shade", [0, 255])
@pytest.mark.parametrize(("uniform", "fading"), [(1, 0), (6, 0), (24, 0), (1, 5), (6, 20)])
def test_behind_uniform_frames_only_the_same_scene_has_the_same_faces(
    head: Image, uniform: int, fading: int, shade: int, every: int
) -> None:
    first = paste(background(1), head, 300, 180, 220)
    second = paste(background(2), head[:, ::-1], 300, 180, 220)

    def faded(image: Image) -> list[Image]:
        shares = np.linspace(1, 0, fading + 2)[1:-1]
        return [
            (shade + share * (image.astype(np.float32) - shade)).astype(np.uint8)
            for share in shares
        ]

    before = [first] * 7 + faded(first) + [np.full_like(first, shade)] * uniform
    cut = numbers([*before, *faded(second)[::-1], *[second] * 6], every)
    assert cut[6] == [1]
    assert cut[-1] == [2]
    assert {number for each in cut for number in each} == {1, 2}
    blink = numbers([*before, *faded(first)[::-1], *[first] * 6], every)
    assert blink[-1] == [1]


def test_after_a_flash_or_an_inserted_picture_a_face_keeps_its_number(head: Image) -> None:
    present = paste(background(1), head, 300, 180, 220)
    flash = np.clip(present.astype(np.int16) * 4 + 60, 0, 255).astype(np.uint8)
    for between in (flash, background(2)):
        assert numbers([present] * 7 + [between] + [present] * 7)[-1] == [1]


def test_a_face_that_is_lost_before_a_cut_does_not_return_after_it(head: Image) -> None:
    images = [paste(background(1), head, 300, 180, 220)] * 7 + [background(1)] * 6
    images += [paste(background(2), head[:, ::-1], 300, 180, 220)] * 6
    tracks = numbers(images)
    assert tracks[6] == [1]
    assert tracks[-1] == [2]
