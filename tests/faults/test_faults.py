"""A few trials of some faults, always at equal moments; `make faults` runs all trials."""

from pathlib import Path

import pytest

from tests.faults.fault import Fault, LackingError
from tests.faults.faults import FAULTS
from tests.faults.outputs import frames_of, torn_lines, torn_rows
from tests.faults.program import Child, Outcome
from tests.faults.trials import try_fault

pytestmark = pytest.mark.slow  # processes are killed and started again


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault.suite_count],
    ids=lambda fault: fault.name.replace(" ", "-"),
)
def test_a_run_survives_a_fault_or_ends_in_good_order(fault: Fault) -> None:
    try:
        assert try_fault(fault, fault.suite_count) == []
    except LackingError as lack:
        pytest.skip(str(lack))


def test_torn_lines_and_rows_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\n{"a"\n{"b": 2')
    assert len(torn_lines(tmp_path / "a.jsonl")) == 2
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1", "utf-8")
    assert len(torn_rows(tmp_path / "a.csv")) == 2
    (tmp_path / "a.mkv").write_bytes(b"nothing")
    assert frames_of(tmp_path / "a.mkv") == -1


def test_a_wrong_end_is_found() -> None:
    assert Outcome(0, "fer-edge: error: x\n").faults(0) == []
    assert Outcome(-11, "").faults(0) == ["exit code -11, expected (0,)"]
    assert Outcome(0, "Traceback\nKeyError\n").faults(0) == ["standard error has 'KeyError'"]
    assert Outcome(0, "fer-edge: planted-password\n").faults(0) == ["a secret was shown"]


def test_the_forked_command_line_is_the_real_one(tmp_path: Path) -> None:
    outcome = Child(["run", "--input", tmp_path / "missing.jpg"], tmp_path).wait()
    assert outcome.code == 1
    assert "missing.jpg does not exist" in outcome.errors
    assert Child(["models"], tmp_path).wait() == Outcome(0, "")
    assert "compact" in (tmp_path / "stdout").read_text("utf-8")
