"""Draws the pictures of docs/images with the program itself. Needs the [train] and [dev] extras.

    python -m docs.generators.pictures run          # run.jpg: the sample photograph, annotated
    python -m docs.generators.pictures anonymize    # anonymize.jpg: the same, covered
    python -m docs.generators.pictures followed     # followed.jpg: eight frames of one clip
    python -m docs.generators.pictures web          # web.png: the live page, in Chromium
    python -m docs.generators.pictures report --data faces.npz      # report.png, in Chromium
    python -m docs.generators.pictures confusion --data faces.npz   # compact-confusion.png

`make pictures DATA=faces.npz` draws all of them. Other pictures have separate commands:
frontier.png `make frontier`, deploy.svg `make recording`, home-assistant.png
`make test-home-assistant`; compact-curves.png is `curves.png` of a training run.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_edge.pictures.sample_photo import sample_photo

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"

_WINDOW_PX = (360, 316)
_TILE_PX = (300, 263)
_FRAMES, _ROWS, _COLUMNS = 40, 2, 4
_REPORT_PX = (1280, 1560)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the pictures are made of.

    Attributes:
        data: Face set with labels, for the pictures of measurements.
        out: Folder of the pictures.
        work: Folder for everything else.
    """

    data: Path
    out: Path
    work: Path


def _draw_run(inputs: Inputs) -> None:
    _annotate(inputs.out / "run.jpg", str(sample_photo()))


def _draw_anonymize(inputs: Inputs) -> None:
    _annotate(inputs.out / "anonymize.jpg", str(sample_photo()), "--anonymize")


def _draw_followed(inputs: Inputs) -> None:
    """A window that wanders over the photograph is a clip of a face that moves."""
    photo = cv2.imread(str(sample_photo()))
    width, height = _WINDOW_PX
    clip, frames = inputs.work / "clip.avi", inputs.work / "frames"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25, _WINDOW_PX)
    for phase in np.linspace(0, 2 * np.pi, _FRAMES, endpoint=False):
        left = round((photo.shape[1] - width) * (1 + np.sin(phase)) / 2)
        top = round(60 * (1 + np.sin(2 * phase)) / 2)
        writer.write(photo[top : top + height, left : left + width])
    writer.release()
    _annotate(frames, str(clip))
    tiles = [
        cv2.resize(cv2.imread(str(path)), _TILE_PX, interpolation=cv2.INTER_AREA)
        for path in sorted(frames.iterdir())[:: _FRAMES // (_ROWS * _COLUMNS)]
    ]
    rows = [np.hstack(tiles[row * _COLUMNS :][:_COLUMNS]) for row in range(_ROWS)]
    cv2.imwrite(str(inputs.out / "followed.jpg"), np.vstack(rows))


def _draw_web(inputs: Inputs) -> None:
    """The test of the page leaves its last screenshot."""
    test = "tests/runtime/publish/test_web_page.py::test_the_page_shows_faces_whose_bars_change"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", test],
        cwd=ROOT,
        env={**os.environ, "FER_EDGE_WEB_IMAGE": str((inputs.out / "web.png").resolve())},
        check=True,
    )


def _draw_report(inputs: Inputs) -> None:
    from tests.support.chromium import Chromium

    folder, shot = inputs.work / "report", inputs.work / "report.png"
    models = ("compact", "tiny")
    _call("benchmark", *models, "--data", str(inputs.data), "--quick", "--report", str(folder))
    with Chromium() as browser:
        browser.resize(*_REPORT_PX)
        browser.open((folder / "report.html").resolve().as_uri())
        browser.screenshot(shot)
    cv2.imwrite(str(inputs.out / "report.png"), cv2.imread(str(shot))[: _REPORT_PX[1]])


def _draw_confusion(inputs: Inputs) -> None:
    from fer_edge.evaluation.evaluation import served_probabilities
    from fer_edge.faces.faceset import load_faceset
    from fer_edge.inference.model import open_model
    from fer_edge.model.bundled import find_model
    from fer_edge.scoring.scores import score
    from fer_edge.training.reporting.plots import plot_confusion

    faces = load_faceset(inputs.data).part("validation")
    with open_model(find_model("compact")) as model:
        probabilities = served_probabilities(model, faces)
    scores = score(probabilities, faces.labels)
    plot_confusion(scores, faces.class_names, inputs.out / "compact-confusion.png")


PICTURES: Mapping[str, Callable[[Inputs], None]] = {
    "run": _draw_run,
    "anonymize": _draw_anonymize,
    "followed": _draw_followed,
    "web": _draw_web,
    "report": _draw_report,
    "confusion": _draw_confusion,
}
"""Name on the command line -> what draws the picture."""


def draw(names: list[str], data: Path, out: Path) -> None:
    """Draw pictures into a folder; see `PICTURES`."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            PICTURES[name](Inputs(data, out, Path(work)))


def _annotate(place: Path, source: str, *options: str) -> None:
    place.unlink(missing_ok=True)
    _call("run", "--quiet", "--input", source, "--annotate", str(place), *options)


def _call(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=True)


def main() -> None:
    """Parse the command line, and draw."""
    parser = argparse.ArgumentParser(prog="python -m docs.generators.pictures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(PICTURES)}")
    parser.add_argument("--data", type=Path, default=Path("faces.npz"), help="face set (.npz)")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder; default: docs/images")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PICTURES):
        parser.error(f"expected {', '.join(PICTURES)}, got {', '.join(sorted(unknown))}")
    draw(options.names or list(PICTURES), options.data, options.out)


if __name__ == "__main__":
    main()
