import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import TrainingError
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


PROGRAM = """
import logging
from fer_edge.chatter import StderrHandler, silence_libraries
from fer_edge.training.sweep.jobs import sharing
silence_libraries()
logging.basicConfig(handlers=[StderrHandler()])
with sharing(3, ["sweep", "--no-such-option"]):
    pass
"""


def test_a_process_that_fails_is_heard_and_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    for number, line in zip((2, 3), done.stderr.splitlines(), strict=True):
        assert f"process {number} of 3 ended with exit code 2" in line
        assert "No such option" in line


def test_others_end_if_one_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "python").chmod(0o755)
    started = []

    class Process(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            if len(started) == 2:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Process)
    with (
        pytest.raises(TrainingError, match="process 4 of 4 cannot be started"),
        sharing(4, ["sweep", "a.toml"]),
    ):
        pass
    assert [process.returncode for process in started] == [-15, -15]
