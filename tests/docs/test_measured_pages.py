"""Figures and digests that pages outside the tutorials show are those that the program prints."""

import re
import shutil
from pathlib import Path

import pytest

from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model
from tests.docs.blocks import run, steps

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.slow
def test_the_example_of_a_steady_label_shows_fewer_changes_with_smoothing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the sample photograph comes with matplotlib")
    if shutil.which("ffmpeg") is None or shutil.which("bash") is None:
        pytest.skip("ffmpeg or bash is not installed")
    todo = steps((DOCS / "explanation" / "tracking.md").read_text("utf-8"))
    *made, unsmoothed, smoothed = run(todo, tmp_path, seconds=300)
    assert [status for status, _ in (*made, unsmoothed, smoothed)] == [0] * len(todo)
    shown = [int(step.output or 0) for step in todo[-2:]]
    assert shown[0] > shown[1]
    # single frames near a limit differ among processors; their sum, the smoothed label, does not
    assert int(unsmoothed[1]) > int(smoothed[1]) == shown[1]


def test_the_digest_of_a_model_is_that_of_the_bundled_file() -> None:
    page = (DOCS / "how-to" / "check-a-device.md").read_text("utf-8")
    shown = re.findall(r"^model +ok +([\w-]+), \w+, sha256 (\w+) as its card$", page, re.MULTILINE)
    assert shown
    for name, digest in shown:
        assert read_model(bundled_models()[name]).card.sha256.startswith(digest)
