"""`fer-edge benchmark --groups`: a report with separate results for each group of faces."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from click.testing import Result

from fer_edge.evaluation.group_scores import score_groups
from fer_edge.faces.faceset import save_faceset
from fer_edge.faces.groups import Grouping
from fer_edge.runtime.measurement.report.group_tables import group_tables
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_reports import make_model, make_report


def test_a_group_of_outputs_that_are_not_probabilities_has_no_overconfidence() -> None:
    logits, labels = np.array([[-3.0, -1.0]] * 2, np.float32), np.array([1, 0], np.uint8)
    model = make_model("float32")
    assert model.evaluation is not None
    groups = score_groups(logits, labels, [Grouping("age", ("old",), np.array([0, 0]))])
    model = replace(model, evaluation=replace(model.evaluation, groups=groups))
    accuracy, _ = group_tables(make_report(model))
    [(_, _, faces, right, _, *rest)] = accuracy.rows
    assert (faces, right, rest) == ("2", "50.00%", [])
    assert "alibration" not in accuracy.note


def test_every_report_has_each_group_with_its_intervals(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    faces = make_faces(per_class=2, validation_per_class=6)
    save_faceset(faces, tmp_path / "faces.npz")
    lines = [f"{row},{'far' if row % 3 else 'near'}" for row in range(len(faces))]
    (tmp_path / "groups.csv").write_text("\n".join(["face,camera", *lines]), "utf-8")
    report = tmp_path / "report"
    measured = ("benchmark", "tiny", "--data", tmp_path / "faces.npz", "--quick")
    result = fer_edge(*measured, "--groups", tmp_path / "groups.csv", "--report", report)
    assert result.exit_code == 0, result.output

    record = json.loads((report / "report.json").read_text("utf-8"))
    groups = record["models"][0]["evaluation"]["groups"]
    assert [item["group"] for item in groups] == ["far", "near"]
    assert sum(item["n"] for item in groups) == 42
    for text in (
        result.stdout,
        (report / "report.md").read_text("utf-8"),
        (report / "report.html").read_text("utf-8"),
    ):
        assert "Accuracy by camera" in text
        assert "Recall of each class by camera" in text
        for item in groups:
            low, high = item["accuracy_interval"]
            assert f"[{100 * low:.1f}, {100 * high:.1f}]" in text.replace("\\", "")
    few = "Fewer than 30 faces: far, near."
    assert few in (report / "report.md").read_text("utf-8")
    assert few in " ".join(result.stdout.split())
    assert "warning" not in result.stderr


def test_groups_of_another_part_bring_a_warning(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    mixed = make_faces(per_class=2, validation_per_class=1)
    faces = mixed.select(np.argsort(mixed.split, kind="stable"))  # 14 faces for training first
    save_faceset(faces, tmp_path / "faces.npz")
    path = tmp_path / "groups.csv"
    path.write_text("face,camera,age\n0,near,old\n1,far,\n15,,young\n", "utf-8")
    result = fer_edge(
        *("benchmark", "tiny", "--data", tmp_path / "faces.npz", "--quick", "--groups", path)
    )
    assert result.exit_code == 0, result.output
    assert (
        f"warning: camera: no group is scored, since none of the 2 faces in {path} is in the part "
        "'validation', which has the rows 14 to 20"
    ) in result.stderr
    assert "Accuracy by age" in result.stdout
    assert "Accuracy by camera" not in result.stdout


def test_groups_without_faces_are_a_wrong_command_line(fer_edge: Callable[..., Result]) -> None:
    result = fer_edge("benchmark", "tiny", "--groups", "groups.csv")
    assert result.exit_code == 2
    assert "--data" in result.stderr


def test_a_face_that_does_not_exist_is_one_clear_line(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    save_faceset(make_faces(per_class=1, validation_per_class=1), tmp_path / "faces.npz")
    (tmp_path / "groups.csv").write_text("face,camera\n999,near\n", "utf-8")
    measured = ("benchmark", "tiny", "--data", tmp_path / "faces.npz", "--quick")
    result = fer_edge(*measured, "--groups", tmp_path / "groups.csv")
    assert_one_clear_line(result, "line 2", "face '999' does not exist")
