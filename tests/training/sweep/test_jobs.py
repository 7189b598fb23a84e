import os
import sys
from pathlib import Path

import pytest

from fer_edge.training.sweep.jobs import VISIBLE, gpus, sharing


def test_gpus_are_those_that_the_environment_names_else_all(tmp_path: Path) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert gpus({}, tmp_path) == ["0", "1"]
    assert gpus({}, tmp_path / "absent") == []
    assert gpus({VISIBLE: "3,5"}, tmp_path) == ["3", "5"]


def test_each_process_has_a_gpu_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "3,5")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    script = f'#!/bin/sh\nshift 2\necho "${VISIBLE} $*" >> {tmp_path}/said\n'  # drops -c CODE
    (tmp_path / "python").write_text(script)
    (tmp_path / "python").chmod(0o755)
    with sharing(3, ["sweep", "a.toml"]):
        assert os.environ[VISIBLE] == "3"
    said = sorted((tmp_path / "said").read_text().splitlines())
    assert said == ["3 fer_edge sweep a.toml", "5 fer_edge sweep a.toml"]
