"""Copies of a whole frame that reading one frame makes; they are slow on small boards."""

import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.decoded_image import DecodedImage
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.frame_conversion import FrameConversion
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.recognition.result import Result

from ...support.gray_frames import gray_of
from ...support.moving_faces import as_frames, paste
from ...support.readers import open_follower

WIDTH, HEIGHT = 1280, 720
GRAY_BYTES = WIDTH * HEIGHT
LOOK_SIZE = (320, 180)


@pytest.fixture(scope="module")
def scene() -> list[NDArray[np.uint8]]:
    """Twelve images of a face that moves to the right."""
    pytest.importorskip("matplotlib")
    head = read_picture(sample_photo())[60:400, 130:400]
    canvas = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    return [paste(canvas, head, 500 + 4 * n, 360, 400) for n in range(12)]


@pytest.fixture(scope="module")
def clip(scene: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (WIDTH, HEIGHT))
    for image in scene:
        writer.write(image)
    writer.release()
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes (width, height) of the BGR images that are converted from decoded frames."""
    sizes: list[tuple[int, int]] = []
    to_bgr = FrameConversion.to_bgr

    def counted(self: FrameConversion, *arguments: object) -> NDArray[np.uint8]:
        image = to_bgr(self, *arguments)  # type: ignore[arg-type]
        sizes.append((image.shape[1], image.shape[0]))
        return image

    monkeypatch.setattr(FrameConversion, "to_bgr", counted)
    return sizes


def most_bytes(frames: list[Frame], read: Callable[[Frame], Result]) -> list[int]:
    """Return the peak memory in bytes that reading each frame adds, including OpenCV's results."""
    peaks = []
    for frame in frames:
        tracemalloc.start()
        result = read(frame)
        assert len(result) == 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return peaks


def test_a_frame_of_a_video_is_never_made_in_bgr_unless_somebody_asks(
    clip: Path, made: list[tuple[int, int]]
) -> None:
    with open_follower() as follower:
        frames = list(open_source(clip))
        peaks = most_bytes(frames, follower.read_frame)
        # only crops and downscaled images: not even the gray plane is copied
        assert max(peaks) < 0.5 * GRAY_BYTES
        assert made == [LOOK_SIZE] * 3  # for the detections in frames 0, 5 and 10
        (face,) = follower.read_frame(frames[0])
        made.clear()
        face.crop()
        assert face.frame_image is frames[0].image is frames[0].image
        assert made == [(WIDTH, HEIGHT)]


def test_what_was_read_of_a_video_can_be_pickled(clip: Path) -> None:
    with open_follower() as follower:
        result = follower.read_frame(next(iter(open_source(clip))))
    loaded = pickle.loads(pickle.dumps(result))
    assert loaded == result
    assert np.array_equal(loaded.frame.image, result.frame.image)
    assert np.array_equal(loaded[0].crop(), result[0].crop())


def test_a_frame_that_is_bgr_already_is_copied_once_and_in_gray_only(
    scene: list[NDArray[np.uint8]],
) -> None:
    with open_follower() as follower:
        peaks = most_bytes(list(as_frames(scene)), follower.read_frame)
    # for a detection, a frame of 1280 is halved twice
    assert max(peaks) < 1.5 * GRAY_BYTES


def test_who_draws_changes_nothing_of_what_is_read(clip: Path) -> None:
    drawn, plain = [], []
    with open_follower() as follower:
        for frame in open_source(clip):
            assert frame.image.shape == frame.shape == (HEIGHT, WIDTH, 3)
            drawn += [face.to_dict()["scores"] for face in follower.read_frame(frame)]
    with open_follower() as follower:
        for frame in open_source(clip):
            assert isinstance(frame.pixels, DecodedImage)
            plain += [face.to_dict()["scores"] for face in follower.read_frame(frame)]
    assert len(drawn) == len(plain) == 12
    for one, other in zip(drawn, plain, strict=True):
        # OpenCV or FFmpeg shrinks the image for the detector, so boxes differ slightly
        assert [*one.values()] == pytest.approx([*other.values()], abs=0.1)


def test_videos_whose_planes_are_not_gray_are_read_all_the_same(
    tmp_path: Path, scene: list[NDArray[np.uint8]]
) -> None:
    path = tmp_path / "rgb.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"  # type: ignore[attr-defined]
        for image in scene[:6]:
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))  # type: ignore[attr-defined]
        container.mux(stream.encode(None))  # type: ignore[attr-defined]
    with open_follower() as follower:
        results = [follower.read_frame(frame) for frame in open_source(path)]
    assert [len(result) for result in results] == [1] * 6
    assert np.array_equal(results[0].frame.image, scene[0])
    assert np.array_equal(gray_of(results[0].frame), cv2.cvtColor(scene[0], cv2.COLOR_BGR2GRAY))
