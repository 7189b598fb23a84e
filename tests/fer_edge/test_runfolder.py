from pathlib import Path

import pytest

from fer_edge.errors import TrainingError
from fer_edge.model.card import DataInfo
from fer_edge.runfolder import INFO, RunInfo, load_info, partial, save_info

RUN = RunInfo("four-block", ("a", "b"), 48, DataInfo("faces.npz", "abc", 100, 10), ("keras 3",))


def test_what_a_run_says_of_itself_survives(tmp_path: Path) -> None:
    save_info(RUN, tmp_path)
    assert load_info(tmp_path) == RUN
    assert [path.name for path in tmp_path.iterdir()] == [INFO]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="create one: fer-edge train"):
        load_info(tmp_path / "run")
    partial(tmp_path / "run").mkdir()
    with pytest.raises(TrainingError, match="continue with --resume"):
        load_info(tmp_path / "run")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"architecture": 3}', '{"labls": []}', "\xff"])
def test_a_damaged_run_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / INFO).write_text(text, "latin-1")
    with pytest.raises(TrainingError, match=r"run\.json is damaged"):
        load_info(tmp_path)
