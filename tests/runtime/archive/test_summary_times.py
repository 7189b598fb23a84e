"""`fer-edge archive summarize`: times, for frames that stand for less or more than a cell."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.runtime.archive.summary.summarize import Archive, summarize_results
from tests.runtime.archive.test_summary import Face, table, write


def summarize(tmp_path: Path) -> Archive:
    return summarize_results(tmp_path / "results", tmp_path / "out")


def write_constant(
    tmp_path: Path, length_s: float, every_s: float, names: tuple[str, ...] = ("/a/v.mp4",)
) -> None:
    """Write videos with one face that is always happy."""
    starts_s = np.arange(0, length_s - 1e-9, every_s)
    faces = [Face(at, "happy", min(every_s, length_s - at)) for at in starts_s.tolist()]
    for name in names:
        write(tmp_path / "results", name, faces, length_s=length_s)


@pytest.mark.parametrize(
    ("length_s", "every_s"),
    [
        *((length_s, 30) for length_s in (60, 600, 900, 905.3, 1500, 2100, 3600, 5000, 7200)),
        *((length_s, 7) for length_s in (600, 905.3, 5000)),
        *((length_s, 1 / 3) for length_s in (60, 600)),
        *((900, every_s) for every_s in (1, 10, 45)),
    ],
)
def test_a_constant_expression_fills_all_of_its_time(
    tmp_path: Path, length_s: float, every_s: float
) -> None:
    write_constant(tmp_path, length_s, every_s)
    archive = summarize(tmp_path)
    assert np.unique(archive.heat_map.shares()[0, :, 0]).tolist() == [255]
    assert archive.heat_map.shares()[0, :, 1:].sum() == 0
    assert archive.seen_s == pytest.approx(length_s)
    assert archive.seconds.tolist() == pytest.approx([length_s, 0, 0])
    for clip in archive.clips["happy"]:
        assert clip.seconds == pytest.approx(clip.end_s - clip.start_s, abs=1e-4)
        assert clip.seconds > 0.01  # not only a rounding error
    hours = [float(row["seen_s"]) for row in table(tmp_path / "out", "hours")]
    full, rest = divmod(length_s, 3600)
    assert hours == pytest.approx([3600] * int(full) + [rest] * bool(rest), abs=2e-3)


def test_videos_that_share_a_row_are_full_together(tmp_path: Path) -> None:
    names = tuple(f"/a/{number:03}.mp4" for number in range(250))
    write_constant(tmp_path, 900, 30, names)
    assert (summarize(tmp_path).heat_map.shares()[:, :, 0] == 255).all()


def test_a_cell_shows_the_part_of_it_that_has_the_expression(tmp_path: Path) -> None:
    # a cell of 7.5 s, and a face from 10 s to 40 s
    write(tmp_path / "results", "/a/v.mp4", [Face(10, "sad", 30)], length_s=900)
    cells = summarize(tmp_path).heat_map.shares()[0, :7, 1]
    assert cells.tolist() == [0, round(255 * 5 / 7.5), 255, 255, 255, round(255 * 2.5 / 7.5), 0]


def test_an_hour_without_a_face_has_a_row_if_it_was_processed(tmp_path: Path) -> None:
    long = [Face(3 * 3600 - 1, "sad", 2)]
    write(tmp_path / "results", "/a/empty.mp4", [], length_s=3600.00001)
    # of five hours, the second and the last one are not processed
    spans = {"count": 3, "source_s": 5 * 3600.0}
    write(tmp_path / "results", "/a/long.mp4", [], length_s=3600, **spans)
    write(tmp_path / "results", "/a/long.mp4", long, length_s=7200, number=2, start_s=7200, **spans)
    write(tmp_path / "results", "/a/endless.mp4", [], length_s=60, start_s=1e15, seconds=1e15)
    summarize(tmp_path)
    hours = [(row["video"], row["hour"], row["seen_s"]) for row in table(tmp_path / "out", "hours")]
    assert hours == [
        ("/a/empty.mp4", "0", "0.0"),
        ("/a/long.mp4", "0", "0.0"),
        ("/a/long.mp4", "2", "1.0"),
        ("/a/long.mp4", "3", "1.0"),
    ]
