"""Queries of docs/how-to/archive-results.md, run on real results."""

import re
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.runtime.archive.engine import PlainLoop
from fer_edge.runtime.archive.job import run_archive
from tests.support.archives import config

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "archive-results.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def results(videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of six clips, in the working directory, as the page assumes."""
    run_archive(config(tmp_path / "results"), [str(videos)], PlainLoop())
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


def test_the_queries_run_in_duckdb(results: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    per_label, minutes = (duckdb.sql(query).fetchall() for query in blocks("sql"))
    assert len({row[0] for row in per_label}) == 6
    assert sum(row[2] for row in per_label) == pytest.approx(6 * 0.8, abs=0.1)
    assert {row[1] for row in minutes} == {0}
    assert all(0 < row[3] <= 1 for row in minutes)


def test_the_query_runs_in_pandas(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    (code,) = blocks("python")
    exec(compile(code, "docs/how-to/archive-results.md", "exec"), {})
    said = capsys.readouterr().out
    assert len(re.findall(r"clip-\d\.mp4 +0\.8", said)) == 6
