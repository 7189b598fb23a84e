"""Fixtures of the converters' tests."""

from pathlib import Path

import pytest

from fer_edge.faces.faceset import save_faceset
from tests.support.cartoons import make_faces


@pytest.fixture(scope="session")
def cartoons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a face set of cartoons; return its path."""
    path = tmp_path_factory.mktemp("cartoons") / "cartoons.npz"
    save_faceset(make_faces(per_class=24, validation_per_class=12), path)
    return path
