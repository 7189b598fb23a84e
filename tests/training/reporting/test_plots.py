from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed (fer-edge[train])")

from matplotlib.axes import Axes

from fer_edge.scoring.scores import score
from fer_edge.training.reporting.plots import contrast, ink_on, plot_confusion

EVEN = score(np.full((4, 2), 0.5, np.float32), np.array([0, 0, 1, 1], np.uint8))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["schläft ein", "目", "$^$", "a_b^c\\"])
def test_any_class_name_can_stand_beside_the_confusion(tmp_path: Path, name: str) -> None:
    plot_confusion(EVEN, (name, "b"), tmp_path / "x.png")
    assert cv2.imread(str(tmp_path / "x.png")) is not None


def test_a_class_without_a_face_has_no_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    text = Axes.text
    monkeypatch.setattr(
        Axes, "text", lambda self, x, y, s, **more: (drawn.append(s), text(self, x, y, s, **more))
    )
    labels = np.zeros(2, np.uint8)
    scores = score(np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), labels)
    plot_confusion(scores, ("a", "b"), tmp_path / "x.png")
    assert drawn == ["50%\n1", "50%\n1", "-\n0", "-\n0"]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0x76 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


def test_every_share_can_be_read_on_its_color() -> None:
    from matplotlib import colormaps, colors

    for share in np.linspace(0, 1, 101):
        shade = colormaps["Blues"](share)[:3]
        assert contrast(shade, colors.to_rgb(ink_on(shade))) >= 4.5
