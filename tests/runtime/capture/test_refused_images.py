"""Invalid images and closed readers are refused with one line that gives the reason."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_edge import Frame, Recognizer
from fer_edge.errors import ConfigError, ModelError, SourceError

from ...support.readers import open_follower, open_reader
from ...support.tensor import Tensor

BLACK = np.zeros((80, 100, 3), np.uint8)


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


FLAT = np.full((60, 80, 3), 0.5)
REFUSED: dict[str, tuple[object, str]] = {
    "None": (None, "cv2.imread returns None"),
    "a list of rows": ([[0, 0], [0, 0]], "got a list"),
    "a list of images": ([np.zeros((8, 8, 3), np.uint8)], "in a loop, or with Recognizer.stream"),
    "bytes": (b"\xff\xd8", "cv2.imdecode"),
    "a number": (7, "got int"),
    "a tensor on a GPU": (Tensor(FLAT, TypeError("cannot convert cuda:0")), "cuda:0"),
    "a batch": (np.zeros((2, 60, 80, 3), np.uint8), "in a loop, or with Recognizer.stream"),
    "a batch of one": (np.zeros((1, 60, 80, 3), np.uint8), "in a loop, or with Recognizer.stream"),
    "a gray batch": (np.zeros((5, 60, 80), np.uint8), "in a loop, or with Recognizer.stream"),
    "channels first": (np.zeros((3, 60, 80), np.uint8), "np.moveaxis"),
    "gray, channel first": (np.zeros((1, 60, 80), np.uint8), "np.moveaxis"),
    "two channels": (np.zeros((60, 80, 2), np.uint8), "(60, 80, 2)"),
    "one row": (np.zeros(60, np.uint8), "(60,)"),
    "no pixels": (np.zeros((0, 80, 3), np.uint8), "got an empty one"),
    "a crop outside of the image": (np.zeros((60, 80, 3), np.uint8)[90:], "got an empty one"),
    "NaN": (np.where(FLAT > 0, np.nan, 0), "nan"),
    "negative floats": (FLAT - 1, "from -0.5"),
    "floats above 255": (FLAT * 1000, "500"),
    "floats a little above 1": (FLAT + 0.52, "np.clip(image, 0, 1)"),
    "infinite": (np.full((6, 8), np.inf), "inf"),
    "negative integers": (np.full((6, 8), -1), "from -1"),
    "large integers": (np.full((6, 8), 300), "300"),
    "int8 of a model": (np.full((6, 8), -128, np.int8), "-128"),
    "complex": (np.zeros((6, 8), complex), "complex128"),
    "objects": (np.full((6, 8), None), "object"),
    "text": (np.full((6, 8), "a"), "<U1"),
    "a path to nothing": ("missing.jpg", "missing.jpg"),
    "a closed Pillow image": ("closed", "cannot be read"),
    "a cut Pillow image": ("cut", "cannot be read"),
    "a Pillow image without pixels": (Image.new("RGB", (0, 8)), "with pixels"),
}
"""Name -> (value that is passed as an image, words of the error)."""


def broken_pillow(kind: object) -> object:
    if not isinstance(kind, str) or kind not in ("closed", "cut"):
        return kind
    stored = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stored, "PNG")
    image = Image.open(io.BytesIO(stored.getvalue()[:2000]))
    if kind == "closed":
        image.close()
    return image


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("error")
def test_what_is_no_image_is_refused_with_one_line(recognizer: Recognizer, kind: str) -> None:
    reader = open_reader()
    given, words = REFUSED[kind]
    given = broken_pillow(given)
    calls: list[Callable[[], object]] = [
        lambda: recognizer.read(given).faces,
        lambda: list(recognizer.stream(iter([given]))),
        lambda: reader.read_frame(Frame(given, 0, 0.0, "given")),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(SourceError) as caught:
            call()
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_order_of_channels_that_does_not_exist_is_refused(
    recognizer: Recognizer,
) -> None:
    with pytest.raises(ConfigError, match="'color' is 'BGR', expected 'bgr' or 'rgb'"):
        recognizer.read(BLACK, color="BGR")  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(0, 80, 3), (60, 0), (7,), ()])
def test_an_array_without_images_is_refused(recognizer: Recognizer, shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="image 0: expected an image"):
        next(recognizer.stream(np.zeros(shape, np.uint8)))


@pytest.mark.parametrize("source", [None, b"\xff\xd8", 0.5])
def test_a_source_that_holds_no_images_is_refused(recognizer: Recognizer, source: Any) -> None:
    with pytest.raises(SourceError, match="expected several images"):
        next(recognizer.stream(source))


def test_what_is_no_frame_is_refused() -> None:
    with open_follower() as follower, open_reader() as reader:
        for opened in (reader, follower):
            with pytest.raises(SourceError, match="expected a Frame, got ndarray"):
                opened.read_frame(BLACK)  # type: ignore[arg-type]


def test_what_is_closed_says_so() -> None:
    recognizer, reader, follower = Recognizer(), open_reader(), open_follower()
    model, under_way = reader.model, recognizer.stream([BLACK, BLACK])
    next(under_way)
    for opened in (recognizer, reader, follower):
        opened.close()
        opened.close()
    frame = Frame(BLACK, 0, 0.0, "black")
    calls: list[Callable[[], object]] = [
        lambda: recognizer.read(BLACK),
        lambda: recognizer.read(np.zeros_like(BLACK)),  # no face, so the model itself is not used
        lambda: next(recognizer.stream([BLACK])),
        lambda: next(under_way),
        lambda: reader.read_frame(frame),
        lambda: follower.read_frame(frame),
        lambda: reader.replace_model(model),
        lambda: model.probabilities(np.zeros((*model.input_size, 1), np.uint8)),
    ]
    for call in calls:
        with pytest.raises(ModelError, match="is closed"):
            call()
