from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed (fer-edge[train])")

from fer_edge.scoring.scores import score
from fer_edge.training.reporting.plots import contrast, ink_on, plot_confusion

EVEN = score(np.full((4, 2), 0.5, np.float32), np.array([0, 0, 1, 1], np.uint8))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["schläft ein", "目", "$^$", "a_b^c\\"])
def test_any_class_name_can_stand_beside_the_confusion(tmp_path: Path, name: str) -> None:
    plot_confusion(EVEN, (name, "b"), tmp_path / "x.png")
    assert cv2.imread(str(tmp_path / "x.png")) is not None


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0x76 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


def test_every_share_can_be_read_on_its_color() -> None:
    from matplotlib import colormaps, colors

    for share in np.linspace(0, 1, 101):
        shade = colormaps["Blues"](share)[:3]
        assert contrast(shade, colors.to_rgb(ink_on(shade))) >= 4.5
