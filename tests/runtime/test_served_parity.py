"""`fer-edge run` returns the same probabilities for a face as the evaluation."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from tests.support.cartoons import make_faces

FER2013_SET = Path(__file__).parents[3] / "shared" / "data" / "fer2013_train_publictest.npz"


def check_parity(fer_edge: Callable[..., Result], faces: FaceSet, folder: Path) -> None:
    folder.mkdir()
    for number, image in enumerate(faces.images):
        cv2.imwrite(str(folder / f"{number:05d}.png"), image)
    result = fer_edge("run", "--input", folder, "--detector", "none", "--uncertain-below", 0)
    assert result.exit_code == 0, result.output
    with open_model(bundled_models()[DEFAULT_MODEL]) as model:
        served = served_probabilities(model, faces)
        labels = model.labels
    lines = result.stdout.splitlines()
    assert len(lines) == len(faces)
    for line, probabilities in zip(lines, served, strict=True):
        (face,) = json.loads(line)["faces"]
        assert list(face["scores"]) == list(labels)
        assert list(face["scores"].values()) == [round(float(p), 4) for p in probabilities]
        assert face["label"] == labels[int(np.argmax(probabilities))]


@pytest.mark.parametrize("size_px", [48, 31, 96])
def test_run_says_of_every_cartoon_what_evaluation_scored(
    fer_edge: Callable[..., Result], tmp_path: Path, size_px: int
) -> None:
    faces = make_faces(2, 1)
    images = np.stack([cv2.resize(image, (size_px, size_px)) for image in faces.images])
    resized = FaceSet(images, faces.labels, faces.split, faces.class_names)
    check_parity(fer_edge, resized, tmp_path / "faces")


def test_run_says_of_every_fer2013_face_what_evaluation_scored(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    if not FER2013_SET.is_file():
        pytest.skip(f"no FER2013 at {FER2013_SET}")
    faces = load_faceset(FER2013_SET)
    rows = np.flatnonzero(faces.split == 1)[:200]
    few = FaceSet(faces.images[rows], faces.labels[rows], faces.split[rows], faces.class_names)
    check_parity(fer_edge, few, tmp_path / "faces")
