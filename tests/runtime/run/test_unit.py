"""Problems that would keep a service from working."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.clear_line import assert_one_clear_line

Invoke = Callable[..., Result]


def test_a_missing_folder_below_the_services_own_is_left_to_the_run(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = tmp_path / "data" / "door"
    for kind, place in (("--user", own), ("--system", Path("/var/lib/door"))):
        user = () if kind == "--user" else ("--run-as", "root")
        file = place / "lines" / "a b.jsonl"
        words = ("--name", "door", kind, *user, "--", "--camera", "0", "--jsonl", file)
        done = fer_edge("service", "print", *words)
        assert done.exit_code == 0, done.stderr
        assert "create it" not in done.stderr
    own.mkdir(parents=True)
    (own / "lines").touch()  # a file in its place is not replaced
    run = ("--", "--camera", "0", "--jsonl", own / "lines" / "x.jsonl")
    refused = fer_edge("service", "install", "--name", "door", "--user", *run)
    assert_one_clear_line(refused, "create it")
    assert not (tmp_path / "config").exists()
