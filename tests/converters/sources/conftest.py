import pytest

from fer_edge.faces.labels import FER2013


@pytest.fixture
def convert(cartoons, fer_edge, tmp_path):
    def invoke(path, *more):
        out = ("--data", cartoons, "--out", tmp_path / "out", "--max-drop", 100, "--trust-claims")
        return fer_edge("convert", path, "--labels", ",".join(FER2013), *out, *more)

    return invoke
