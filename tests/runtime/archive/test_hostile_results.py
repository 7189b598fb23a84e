"""Results folders that somebody else made: one clear line, and nothing outside is touched."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

parquet = pytest.importorskip(
    "pyarrow.parquet", reason="pyarrow is not installed (fer-edge[archive])"
)

from fer_edge.runtime.archive.failures import Failure, Failures
from fer_edge.runtime.archive.footer import FOOTER_KEY
from fer_edge.runtime.archive.results_folder import existing_results, locked_results
from tests.support.clear_line import assert_one_clear_line

Cli = Callable[..., Result]


@pytest.fixture
def out(fer_edge: Cli, picture: Path, tmp_path: Path) -> Path:
    """Results of one picture."""
    folder = tmp_path / "results"
    arguments = ("--out", folder, "--detector", "none", "--workers", 1)
    done = fer_edge("archive", picture.parent, *arguments)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("secret")
    path.chmod(0o600)
    return path


def again(fer_edge: Cli, picture: Path, out: Path) -> Result:
    return fer_edge("archive", picture.parent, "--out", out, "--detector", "none", "--workers", 1)


def result_file(out: Path) -> Path:
    (path,) = out.rglob("*.parquet")
    return path


def rewrite(out: Path, *, without: str = "", **footer: Any) -> None:
    """Change the footer of the result file, and remove a column."""
    path = result_file(out)
    table = parquet.read_table(path)
    known = json.loads(parquet.read_metadata(path).metadata[FOOTER_KEY.encode()])
    text = json.dumps({**known, **footer})
    table = table.drop_columns([without] if without else [])
    metadata = {**(table.schema.metadata or {}), FOOTER_KEY.encode(): text.encode()}
    parquet.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize("name", [".writing", "faces"])
def test_a_folder_that_is_a_link_is_refused(
    fer_edge: Cli, picture: Path, out: Path, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "important").touch()
    (victim / "fer-edge-important.parquet").touch()
    (out / name).rename(tmp_path / "moved")
    (out / name).symlink_to(victim)
    assert_one_clear_line(again(fer_edge, picture, out), name, "is a symbolic link")
    assert sorted(path.name for path in victim.iterdir()) == [
        "fer-edge-important.parquet",
        "important",
    ]


def test_a_subfolder_that_is_a_link_is_refused(
    fer_edge: Cli, picture: Path, out: Path, tmp_path: Path
) -> None:
    folder = result_file(out).parent
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert_one_clear_line(again(fer_edge, picture, out), folder.name, "is a symbolic link")


def test_only_own_unfinished_files_are_deleted(out: Path) -> None:
    (out / ".writing" / "fer-edge-1a2b.parquet").touch()
    (out / ".writing" / "mine.txt").touch()
    with locked_results(out):
        assert [path.name for path in (out / ".writing").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["failures.jsonl", "archive.json", ".lock"])
def test_a_file_that_is_a_link_is_refused_and_its_target_stays(
    fer_edge: Cli, picture: Path, out: Path, secret: Path, name: str
) -> None:
    (out / name).unlink()
    (out / name).symlink_to(secret)
    assert_one_clear_line(again(fer_edge, picture, out), name, "is a symbolic link")
    assert secret.read_text() == "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(
    fer_edge: Cli, picture: Path, out: Path
) -> None:
    (out / "failures.jsonl").unlink()
    os.mkfifo(out / "failures.jsonl")
    assert_one_clear_line(again(fer_edge, picture, out), "failures.jsonl", "is a pipe")
    os.mkfifo(out / "faces" / "00.parquet")
    (out / "faces" / "ff").mkdir(exist_ok=True)
    os.mkfifo(out / "faces" / "ff" / "x.parquet")
    assert len(existing_results(out)) == 1


@pytest.mark.parametrize("name", ["summary", "summary/videos.csv", "summary/index.html"])
def test_a_summary_does_not_follow_a_link(
    fer_edge: Cli, out: Path, secret: Path, tmp_path: Path, name: str
) -> None:
    target = secret
    if name == "summary":
        target = tmp_path / "victim"
        target.mkdir()
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).symlink_to(target)
    assert_one_clear_line(fer_edge("archive", "summarize", out), name, "is a symbolic link")
    assert secret.read_text() == "secret"
    assert target == secret or not any(target.iterdir())


def test_lines_of_failures_that_are_none_are_dropped(out: Path) -> None:
    lines = ["[" * 200_000, '{"source": NaN}', '{"source": 1, "reason": ""}', "9" * 5000]
    (out / "failures.jsonl").write_text("\n".join([*lines, '{"source": "/a", "reason": "b"}']))
    failures = Failures(out)
    assert len(failures) == 1
    failures.keep(lambda line: True)
    failures.add(Failure("/b", "c"))
    assert len(Failures(out)) == 2


@pytest.mark.parametrize("source", ["a" * 5000, "a\0b"])
def test_a_failure_of_an_impossible_file_is_forgotten(
    fer_edge: Cli, picture: Path, out: Path, source: str
) -> None:
    line = json.dumps({"source": source, "reason": "b", "unit": "c", "stamp": "d"})
    (out / "failures.jsonl").write_text(line + "\n")
    assert again(fer_edge, picture, out).exit_code == 0
    assert (out / "failures.jsonl").read_text() == ""


@pytest.mark.parametrize("text", ["[" * 200_000, "[1]", "1", "{}", "\xff"])
def test_a_damaged_identity_is_written_again(
    fer_edge: Cli, picture: Path, out: Path, text: str
) -> None:
    (out / "archive.json").write_text(text, "latin-1")
    assert again(fer_edge, picture, out).exit_code == 0
    assert len(json.loads((out / "archive.json").read_text())["archive"]) == 32


@pytest.mark.parametrize(
    "footer",
    [
        *({"options": "no JSON"}, {"options": "[" * 200_000}, {"options": "[1]"}),
        *({"seconds": float("inf")}, {"source_s": float("nan")}, {"start_s": 1e300}),
        *({"frames": -1}, {"rows": -1}, {"failed": -1}, {"seconds": -1.0}),
        *({"number": -1}, {"count": 0}, {"number": 5}, {"frames": 10**30}),
        *({"kind": "sound"}, {"source": "relative.mp4"}, {"labels": ["a", "a"]}),
    ],
    ids="".join,
)
def test_an_impossible_footer_is_none(
    fer_edge: Cli, picture: Path, out: Path, footer: dict[str, Any]
) -> None:
    rewrite(out, **footer)
    assert_one_clear_line(fer_edge("archive", "summarize", out), "got no finished file")
    assert again(fer_edge, picture, out).exit_code == 0  # the file is made again
    assert fer_edge("archive", "summarize", out).exit_code == 0


@pytest.mark.parametrize("column", ["label", "time_s", "seconds", "face", "track"])
def test_a_missing_column_is_one_line(fer_edge: Cli, out: Path, column: str) -> None:
    rewrite(out, without=column)
    done = fer_edge("archive", "summarize", out)
    assert_one_clear_line(done, "is damaged", f"expected one column '{column}'")


def test_other_options_of_a_stranger_are_shown_in_one_line(
    fer_edge: Cli, picture: Path, out: Path
) -> None:
    rewrite(out, settings="0", options=json.dumps({"\x1b[2Jx": "\x1b]0;y\n"}))
    assert_one_clear_line(again(fer_edge, picture, out), "made with other options")


def test_a_source_with_control_characters_is_no_danger_in_the_tables(
    fer_edge: Cli, out: Path
) -> None:
    rewrite(out, source="/a/\x1b]0;pwn\x07\nb")
    assert fer_edge("archive", "summarize", out).exit_code == 0
    text = (out / "summary" / "pictures.csv").read_bytes()
    assert b"/a/\\x1b]0;pwn\\x07\\nb," in text
    assert not any(byte < 32 and byte != 10 for byte in text)
