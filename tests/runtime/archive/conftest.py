"""An archive of clips with a face in them."""

from pathlib import Path

import pytest

from tests.support.archives import make_archive


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder of six clips in three folders, 8 frames each."""
    pytest.importorskip("matplotlib", reason="its sample photograph is what moves")
    return make_archive(tmp_path / "videos")
