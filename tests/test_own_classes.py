"""The whole workflow with classes other than FER2013's: a user's own folders, and those of FER+."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.cli.main import main
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FERPLUS_CLASSES
from fer_edge.model.file import read_model
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.cartoons import draw_face

pytestmark = pytest.mark.train

OWN = ("schläft ein", "wach 目")

RECIPE = """
architecture = "tiny"
epochs = 1
batch_size = 8
class_weights = "sqrt"
drop_non_faces = {votes}
[loss]
vote_share = {share}
"""


def fer_edge(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def photograph(folder: Path, name: str, label: int, seed: int) -> Path:
    """Write a color JPEG of a cartoon; the seed decides its size."""
    height, width = 40 + 9 * (seed % 5), 40 + 7 * (seed % 4)
    gray = draw_face(label, seed, 96)
    color = cv2.applyColorMap(gray, cv2.COLORMAP_BONE)
    data = cv2.imencode(".jpg", cv2.resize(color, (width, height)))[1]
    path = folder / name / f"photo {seed}.JPG"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return path


def train_and_convert(work: Path, data: Path, votes: bool) -> Path:
    recipe = work / "one-epoch.toml"
    recipe.write_text(RECIPE.format(votes=str(votes).lower(), share=0.5 if votes else 0.0), "utf-8")
    run = work / "run"
    result = fer_edge("train", "--data", data, "--recipe", recipe, "--out", run)
    assert "every face" in result.stdout
    out = work / "models"
    fer_edge("convert", run, "--int8", "--data", data, "--out", out, "--max-drop", 100)
    return out / "run-int8-ptq.tflite"


@pytest.mark.filterwarnings("error:Glyph")
def test_own_folders_go_the_whole_way(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for label, name in enumerate(OWN):
        for seed in range(20):
            last = photograph(photos, name, 3 * label, seed)
    data = tmp_path / "own.npz"
    fer_edge("data", "import", photos, "--validation-share", 0.25, "--out", data)
    faces = load_faceset(data)
    assert faces.class_names == OWN
    assert faces.counts().tolist() == [[15, 15], [5, 5], [0, 0]]

    model = train_and_convert(tmp_path, data, votes=False)
    scores = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert scores["class_names"] == list(OWN)
    assert scores["every_face"]["n"] == 10
    assert len(scores["every_face"]["recall"]) == 2
    assert scores["ferplus"] is scores["without_non_faces"] is None
    assert (tmp_path / "run" / "samples.png").exists()

    card = read_model(model).card
    assert card.labels == OWN
    score = card.served_score()
    assert score is not None
    assert (score.n, len(score.recall), score.ferplus_accuracy) == (10, 2, None)
    assert OWN[1] in fer_edge("card", "show", model).stdout
    assert "run-int8-ptq" in fer_edge("benchmark", model, "--data", data, "--rounds", 1).stdout

    for photo, detector in ((last, "none"), (sample_photo(), "yunet")):
        line = fer_edge(
            *("run", "--input", photo, "--model", model, "--detector", detector),
            *("--annotate", tmp_path / "annotated.png"),
        ).stdout
        (face,) = json.loads(line)["faces"]
        assert tuple(face["scores"]) == OWN
        assert face["label"] in OWN
        assert cv2.imread(str(tmp_path / "annotated.png")) is not None


def test_ferplus_classes_go_the_whole_way(tmp_path: Path) -> None:
    """Use eight pictures of each class, six to train on; every label of fer2013.csv is 0."""
    with (
        (tmp_path / "fer2013.csv").open("w", newline="") as pixels,
        (tmp_path / "fer2013new.csv").open("w", newline="") as votes,
    ):
        faces, table = csv.writer(pixels), csv.writer(votes)
        faces.writerow(["emotion", "pixels", "Usage"])
        table.writerow(["Usage", "Image name", *FERPLUS_CLASSES, "unknown", "NF"])
        for column in range(10):
            for seed in range(8):
                usage = "Training" if seed < 6 else "PublicTest"
                image = " ".join(map(str, draw_face(column, seed).ravel()))
                faces.writerow([0, image, usage])
                table.writerow([usage, "", *np.eye(10, dtype=int)[column] * 9])
    both = ("data", "import", tmp_path / "fer2013.csv", "--votes", tmp_path / "fer2013new.csv")
    fer_edge(*both, "--out", tmp_path / "seven.npz")
    data = tmp_path / "eight.npz"
    fer_edge("data", "import", tmp_path / "seven.npz", "--classes", "ferplus", "--out", data)
    assert load_faceset(data).counts().tolist() == [[6] * 8, [2] * 8, [0] * 8]

    card = read_model(train_and_convert(tmp_path, data, votes=True)).card
    assert card.labels == FERPLUS_CLASSES
    score = card.served_score()
    assert score is not None
    # here the labels are the majority of the votes
    assert (score.ferplus_n, score.ferplus_accuracy) == (16, score.accuracy)
