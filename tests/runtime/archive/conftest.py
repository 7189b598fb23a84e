"""An archive of clips with a face in them."""

from pathlib import Path

import pytest

from tests.support.archives import make_archive


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder with six clips in three subfolders; each clip has 8 frames."""
    pytest.importorskip("matplotlib", reason="the clips show its sample photograph")
    return make_archive(tmp_path / "videos")
