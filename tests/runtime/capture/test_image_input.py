"""Types of images that `Recognizer.read` and `Recognizer.stream` accept."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fer_edge import Frame, Recognizer
from fer_edge.errors import MissingExtraError
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.images import Images
from fer_edge.runtime.capture.pillow_image import is_pillow_image
from fer_edge.runtime.capture.pixels import as_bgr
from tests.support.cartoons import draw_face

from ...support.readers import open_follower
from ...support.tensor import Tensor

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def photo() -> Picture:
    """matplotlib's photograph, with a face that YuNet finds; without matplotlib a cartoon face."""
    try:
        return cv2.imread(str(sample_photo())).astype(np.uint8)
    except MissingExtraError:
        return cv2.cvtColor(draw_face(3, 0, size_px=200), cv2.COLOR_GRAY2BGR).astype(np.uint8)


@pytest.fixture(scope="module")
def recognizer(photo: Picture) -> Iterator[Recognizer]:
    with Recognizer(detector="yunet" if photo.shape[0] != 200 else "none") as opened:
        yield opened


def gray(image: Picture) -> Picture:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8)


def rgb(image: Picture) -> Picture:
    return np.ascontiguousarray(image[..., ::-1])


def pillow(image: Picture) -> Image.Image:
    return Image.fromarray(rgb(image))


def turned(image: Picture) -> Image.Image:
    """Store the image rotated by 90 degrees, with the EXIF orientation that corrects it."""
    exif = Image.Exif()
    exif[0x0112] = 8  # rotate by 90 degrees counterclockwise
    stored = io.BytesIO()
    pillow(image).transpose(Image.Transpose.ROTATE_270).save(stored, "PNG", exif=exif)
    return Image.open(stored)


def opened(image: Image.Image, suffix: str) -> Image.Image:
    stored = io.BytesIO()
    image.save(stored, suffix)
    return Image.open(stored)


SAME: dict[str, Callable[[Picture], object]] = {
    "uint8": lambda image: image,
    "read only": lambda image: np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape),
    "alpha": lambda image: np.dstack([image, np.full(image.shape[:2], 7, np.uint8)]),
    "a slice": lambda image: np.dstack([image, image])[:, :, :3],
    "negative strides": lambda image: np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1],
    "column by column": np.asfortranarray,
    "uint16": lambda image: image.astype(np.uint16) * 257,
    "uint16, high byte": lambda image: image.astype(np.uint16) << 8,
    "uint16, big-endian": lambda image: (image.astype(np.uint16) * 257).astype(">u2"),
    "8 bits as uint16": lambda image: image.astype(np.uint16),
    "int16": lambda image: image.astype(np.int16),
    "int32": lambda image: image.astype(np.int32),
    "int64": lambda image: image.astype(np.int64),
    "uint64": lambda image: image.astype(np.uint64),
    "float32 to 1": lambda image: image.astype(np.float32) / 255,
    "float64 to 1": lambda image: image / 255,
    "float16 to 1": lambda image: (image / 255).astype(np.float16),
    "float32 to 255": lambda image: image.astype(np.float32),
    "float16 to 255": lambda image: image.astype(np.float16),
    "matrix of a mask": lambda image: np.ma.masked_array(image),
    "tensor": Tensor,
    "Pillow RGB": pillow,
    "Pillow RGBA": lambda image: pillow(image).convert("RGBA"),
    "Pillow RGBX": lambda image: pillow(image).convert("RGBX"),
    "Pillow, turned by EXIF": turned,
    "Pillow, a PNG not loaded yet": lambda image: opened(pillow(image), "PNG"),
}
"""Name -> conversion of a BGR image that keeps its pixels, except for float16's rounding."""

SAME_GRAY: dict[str, Callable[[Picture], object]] = {
    "(height, width)": gray,
    "(height, width, 1)": lambda image: gray(image)[..., np.newaxis],
    "16 bits": lambda image: gray(image).astype(np.uint16) * 257,
    "float to 1": lambda image: gray(image) / 255,
    "Pillow L": lambda image: Image.fromarray(gray(image)),
    "Pillow LA": lambda image: Image.fromarray(gray(image)).convert("LA"),
    "Pillow F": lambda image: Image.fromarray(gray(image).astype(np.float32)),
    "Pillow I": lambda image: Image.fromarray(gray(image).astype(np.int32)),
    "Pillow I;16": lambda image: Image.fromarray(gray(image).astype(np.uint16) * 257),
    "Pillow, a PNG of 16 bits": lambda image: opened(
        Image.fromarray(gray(image).astype(np.uint16) * 257), "PNG"
    ),
    "Pillow P": lambda image: Image.fromarray(gray(image)).convert("P"),
}
"""Name -> conversion of a BGR image to one form of a gray image."""

NEAR: dict[str, Callable[[Picture], object]] = {
    "Pillow CMYK": lambda image: pillow(image).convert("CMYK"),
    "Pillow YCbCr": lambda image: pillow(image).convert("YCbCr"),
    "Pillow P": lambda image: pillow(image).quantize(256),
    "Pillow P, transparent": lambda image: opened(
        pillow(image).convert("RGBA").quantize(256), "PNG"
    ),
    "Pillow JPEG": lambda image: opened(pillow(image), "JPEG"),
}
"""Name -> conversion of a BGR image that changes the pixel values a little."""


@pytest.mark.parametrize("form", SAME)
def test_any_form_of_an_image_has_the_faces_of_its_bgr(
    photo: Picture, recognizer: Recognizer, form: str
) -> None:
    expected = recognizer.read(photo).faces
    given = SAME[form](photo)
    assert len(expected) == 1
    assert recognizer.read(given).faces == expected
    (result,) = recognizer.stream([given])
    assert result.faces == expected
    assert np.array_equal(result.frame.image, photo)


@pytest.mark.parametrize("form", SAME_GRAY)
def test_any_form_of_a_gray_image_has_the_faces_of_its_bgr(
    photo: Picture, recognizer: Recognizer, form: str
) -> None:
    as_color = cv2.cvtColor(gray(photo), cv2.COLOR_GRAY2BGR)
    assert len(recognizer.read(as_color).faces) == 1
    assert recognizer.read(SAME_GRAY[form](photo)).faces == recognizer.read(as_color).faces


@pytest.mark.parametrize("form", NEAR)
def test_a_form_that_rounds_colors_has_the_same_faces(
    photo: Picture, recognizer: Recognizer, form: str
) -> None:
    (expected,) = recognizer.read(photo).faces
    (found,) = recognizer.read(NEAR[form](photo)).faces
    assert found.label == expected.label
    assert found.box.left == pytest.approx(expected.box.left, abs=8)
    assert found.box.bottom == pytest.approx(expected.box.bottom, abs=8)


@pytest.mark.parametrize("channels", [3, 4])
def test_rgb_is_read_where_it_is_said(
    photo: Picture, recognizer: Recognizer, channels: int
) -> None:
    given = rgb(photo)
    if channels == 4:
        given = np.dstack([given, np.zeros(given.shape[:2], np.uint8)])
    assert recognizer.read(given, color="rgb").faces == recognizer.read(photo).faces
    (result,) = recognizer.stream([given], color="rgb")
    assert np.array_equal(result.frame.image, photo)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read_as_the_picture_there(
    photo: Picture, recognizer: Recognizer, kind: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), photo)
    assert recognizer.read(kind(path)).faces == recognizer.read(photo).faces
    (result,) = recognizer.stream([kind(path)])
    assert (result.frame.name, len(result.faces)) == (str(path), 1)


def test_black_and_white_is_an_image() -> None:
    mask = np.eye(8, dtype=bool)
    assert as_bgr(mask)[0].tolist() == [[255] * 3] + [[0] * 3] * 7
    assert np.array_equal(as_bgr(Image.fromarray(mask)), as_bgr(mask))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int64, bool])
def test_a_black_image_is_black_in_any_type(dtype: type) -> None:
    assert not as_bgr(np.zeros((6, 8, 3), dtype)).any()


def test_a_nearly_black_image_of_16_bits_is_said_to_be_so(caplog: pytest.LogCaptureFixture) -> None:
    twelve_bits = np.full((6, 8), 4095, np.uint16)
    assert as_bgr(twelve_bits).max() == 15
    assert "4095 of 65535" in caplog.text


@pytest.mark.parametrize("form", [lambda image: image, pillow, gray, Tensor])
def test_one_image_is_a_source_of_one(
    photo: Picture, recognizer: Recognizer, form: Callable[[Picture], Any]
) -> None:
    (result,) = recognizer.stream(form(photo))
    assert len(result.faces) == 1
    assert Images(form(photo)).length == 1


def test_a_batch_is_a_source_of_its_images(photo: Picture, recognizer: Recognizer) -> None:
    expected = recognizer.read(photo).faces
    batch = np.stack([photo, photo])
    for given in (batch, Tensor(batch), Tensor(batch / 255)):
        results = [result.faces for result in recognizer.stream(given)]
        assert results == [expected, expected]


def test_a_follower_converts_its_frames_too(photo: Picture) -> None:
    with open_follower() as plain, open_follower() as other:
        expected = plain.read_frame(Frame(photo, 0, 0.0, "photo"))
        found = other.read_frame(Frame(photo / 255, 0, 0.0, "photo"))
    assert found.faces == expected.faces
    assert np.array_equal(found.frame.image, photo)


@pytest.mark.parametrize("form", ["uint8", "float64 to 1", "Pillow RGB"])
def test_what_was_read_can_be_drawn_on(photo: Picture, recognizer: Recognizer, form: str) -> None:
    result, before = recognizer.read(SAME[form](photo)), photo.copy()
    drawn = result.draw()
    assert np.array_equal(drawn, recognizer.read(photo).draw())
    assert (drawn != photo).any()
    assert np.array_equal(photo, before)


def test_an_array_is_read_while_another_thread_imports_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The module is already in sys.modules, but does not have its Image class yet."""
    monkeypatch.setitem(sys.modules, "PIL.Image", ModuleType("PIL.Image"))
    assert not is_pillow_image(np.zeros((4, 4, 3), np.uint8))
