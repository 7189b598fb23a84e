"""Pictures in an archive: they share result files by folder."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result

pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.errors import ModelError, OutputError
from fer_edge.runtime.archive.engine import PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.result_file import read_footer
from fer_edge.runtime.archive.settings import resolve_settings
from fer_edge.runtime.archive.unit_reader import UnitReader
from tests.support.archives import config, files_of, head, rows_of

Cli = Callable[..., Result]


def loop(out: Path, *places: Path) -> None:
    """Run `fer-edge archive` over these places in this process."""
    run_archive(config(out), [str(place) for place in places], PlainLoop())


def test_pictures_share_files_by_folder_and_a_broken_one_fails_alone(
    fer_edge: Cli, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for number in range(4):
        cv2.imwrite(str(photos / f"{number}.png"), head(number))
    (photos / "cut.png").write_bytes((photos / "0.png").read_bytes()[:200])
    result = fer_edge("archive", photos, "--out", out, "--workers", 1)
    assert result.exit_code == 1
    (line,) = (out / "failures.jsonl").read_text().splitlines()
    assert json.loads(line)["source"] == str(photos / "cut.png")
    assert len(files_of(out)) == 1
    rows = rows_of(out)
    assert [Path(row["source"]).name for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert {row["track"] for row in rows} == {None}
    cv2.imwrite(str(photos / "cut.png"), head())
    assert fer_edge("archive", photos, "--out", out, "--workers", 1).exit_code == 0
    assert len(rows_of(out)) == 5


@pytest.mark.parametrize(
    ("function", "option"),
    [("bundled_detectors", "detector_model"), ("bundled_aligner", "aligner")],
)
def test_another_bundled_network_is_noticed_and_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, option: str
) -> None:
    photos, out, other = tmp_path / "photos", tmp_path / "out", tmp_path / "other.tflite"
    photos.mkdir()
    cv2.imwrite(str(photos / "0.png"), np.zeros((64, 64, 3), np.uint8))
    loop(out, photos)
    loop(out, photos)
    settings = resolve_settings(config(out))
    other.write_bytes(b"that of another version")
    found = other if option == "aligner" else {"yunet": other}
    monkeypatch.setattr(f"fer_edge.runtime.archive.settings.{function}", lambda: found)
    with pytest.raises(OutputError, match=f"1 result files made with other options: {option} '"):
        loop(out, photos)
    with pytest.raises(ModelError, match=r"other\.tflite differs .* same fer-edge"):
        UnitReader(settings)  # on a node with that version


def test_pictures_named_in_several_calls_keep_all_their_results(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for name in ("2024-a", "2024-b", "2025-a", "never-named"):
        cv2.imwrite(str(photos / f"{name}.png"), head(len(name)))
    cv2.imwrite(str(photos / "2024-empty.png"), np.zeros((64, 64, 3), np.uint8))

    def names() -> list[str]:
        return sorted(Path(row["source"]).stem for row in rows_of(out))

    loop(out, photos / "2024*.png")
    loop(out, photos / "2025-a.png")
    assert names() == ["2024-a", "2024-b", "2025-a"]
    again = run_archive(config(out), [str(photos / "2024-a.png")], PlainLoop())
    assert again.done == 0
    (footer,) = [read_footer(path) for path in files_of(out)]
    assert footer is not None
    assert footer.pictures == ("2024-a.png", "2024-b.png", "2024-empty.png", "2025-a.png")

    (photos / "2024-b.png").unlink()  # a picture that is gone leaves with the next change
    loop(out, photos / "2025-a.png")
    assert names() == ["2024-a", "2025-a"]
