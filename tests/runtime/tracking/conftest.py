import pytest

from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.moving_faces import Image


@pytest.fixture(scope="module")
def head() -> Image:
    """A photograph of a head, 260 x 300 pixels, with a face 185 pixels high in the middle."""
    pytest.importorskip("matplotlib")
    return read_picture(sample_photo())[80:380, 130:390]
