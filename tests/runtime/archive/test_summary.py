"""`fer-edge archive summarize`: tables and HTML page for known rows."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.runtime.archive.footer import Footer
from fer_edge.runtime.archive.result_file import new_result
from fer_edge.runtime.archive.rows import Rows
from fer_edge.runtime.archive.summary.heat_map import CELLS, MOST_ROWS
from fer_edge.runtime.archive.summary.page import write_page
from fer_edge.runtime.archive.summary.summarize import summarize_results
from tests.support.chromium import Chromium
from tests.support.clear_line import assert_one_clear_line
from tests.support.html_page import Page

LABELS = ("happy", "sad")
Cli = Callable[..., Result]


@dataclass(frozen=True)
class Face:
    """A row of a result file: one face in one frame."""

    time_s: float
    label: str
    seconds: float = 1.0
    face: int = 0
    track: int = 1


def write(
    out: Path, name: str, faces: Sequence[Face], *, length_s: float = 60, **footer: Any
) -> None:
    """Write a result file in the same way as a worker."""
    known = Footer(
        source=name,
        source_id=f"{abs(hash(name)) % 16**16:016x}",
        kind="video",
        number=0,
        count=1,
        stamp="0",
        settings="0",
        options='{"every": 5}',
        version="0",
        labels=LABELS,
        start_s=0.0,
        source_s=length_s,
        can_seek=True,
        frames=int(length_s),
        seconds=length_s,
        rows=len(faces),
    )
    known = replace(known, **footer)
    unit = f"{known.source_id[:2]}/{known.source_id}-{known.number}"
    with new_result(out, unit, "parquet") as writer:
        for start in range(0, max(1, len(faces)), 7):  # several row groups, as for a long video
            writer.write(_rows(name, faces[start : start + 7], known.number))
        writer.finish(known)


def _rows(name: str, faces: Sequence[Face], span: int) -> Rows:
    def column(values: list[float], kind: type) -> "np.ndarray[Any, Any]":
        return np.array(values, kind)

    zero = np.zeros(len(faces), np.float32)
    numbers = {
        "span": np.full(len(faces), span, np.int32),
        "frame": column([face.time_s for face in faces], np.int32),
        "time_s": column([face.time_s for face in faces], np.float64),
        "seconds": column([face.seconds for face in faces], np.float32),
        "face": column([face.face for face in faces], np.int16),
        "track": column([face.track for face in faces], np.int32),
        **dict.fromkeys(("left", "top", "right", "bottom", "detection", "p_happy", "p_sad"), zero),
    }
    text = {"source": [name] * len(faces), "label": [face.label for face in faces]}
    return Rows(text, numbers)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of three videos, one of which has two hours in two spans, and of two pictures."""
    out = tmp_path / "results"
    first = [Face(time_s, "happy") for time_s in range(10, 20)]
    first += [Face(time_s, "sad", face=1, track=2) for time_s in range(15, 20)]
    first += [Face(30, "uncertain", track=3)]
    write(out, "/a/short.mp4", first)
    for number, start in ((0, 0.0), (1, 3600.0)):
        faces = [Face(start + 100 + at, "sad", seconds=0.5) for at in range(20)]
        spans = {"number": number, "count": 2, "start_s": start, "seconds": 3600.0}
        write(out, "/a/long.mp4", faces, length_s=7200, **spans)
    pictures = [Face(0, "happy", seconds=0, track=-1), Face(0, "sad", 0, 1, -1)]
    write(out, "/a/photos", pictures, kind="pictures", frames=2, seconds=0.0, length_s=0)
    write(out, "/a/empty.mp4", [])
    return out


def test_tables_hold_seconds_per_video_hour_and_track(fer_edge: Cli, results: Path) -> None:
    result = fer_edge("archive", "summarize", results)
    assert result.exit_code == 0, result.output
    assert "3 videos, 2:02:00 processed, 0:00:31 with a face; 2 pictures; 58 faces" in result.stdout
    empty, long, short = table(results / "summary", "videos")
    assert (empty["video"], empty["coverage"], empty["uncertain_share"]) == (
        "/a/empty.mp4",
        "0.0",
        "",
    )
    assert (long["looked_at_s"], long["sad"], long["tracks"]) == ("7200.0", "20.0", "2")
    assert (short["happy"], short["sad"], short["uncertain"]) == ("10.0", "5.0", "1.0")
    assert float(short["coverage"]) == pytest.approx(11 / 60, abs=1e-4)
    assert float(short["uncertain_share"]) == pytest.approx(1 / 16, abs=1e-4)
    hours = table(results / "summary", "hours")
    assert [(row["video"], row["hour"], row["sad"]) for row in hours] == [
        ("/a/empty.mp4", "0", "0.0"),
        ("/a/long.mp4", "0", "10.0"),
        ("/a/long.mp4", "1", "10.0"),
        ("/a/short.mp4", "0", "5.0"),
    ]
    tracks = [row for row in table(results / "summary", "tracks") if row["video"] == "/a/short.mp4"]
    assert [(row["track"], row["first_s"], row["last_s"], row["seconds"]) for row in tracks] == [
        ("1", "10.0", "19.0", "10.0"),
        ("2", "15.0", "19.0", "5.0"),
        ("3", "30.0", "30.0", "1.0"),
    ]
    (photos,) = table(results / "summary", "pictures")
    assert (photos["pictures"], photos["faces"], photos["happy"], photos["sad"]) == (
        *("2", "2", "1.0", "1.0"),
    )


def test_the_best_clips_of_an_expression_come_first(results: Path, tmp_path: Path) -> None:
    archive = summarize_results(results, tmp_path / "out", most_clips=3)
    assert [clip.seconds for clip in archive.clips["sad"]] == [5.0, 5.0, 5.0]
    assert [clip.start_s for clip in archive.clips["happy"]] == [10.0]
    assert [row["label"] for row in table(tmp_path / "out", "clips")].count("sad") == 3


def test_a_clip_ends_with_its_video(tmp_path: Path) -> None:
    write(tmp_path, "/a/short.mp4", [Face(0.0, "sad"), Face(11.0, "happy")], length_s=12.4)
    summarize_results(tmp_path, tmp_path / "out")
    times = [(row["start_s"], row["end_s"]) for row in table(tmp_path / "out", "clips")]
    assert times == [("10.0", "12.4"), ("0.0", "10.0")]


def test_a_row_of_the_heat_map_shows_when_faces_were_seen(results: Path, tmp_path: Path) -> None:
    archive = summarize_results(results, tmp_path / "out")
    rows = [row.first for row in archive.heat_map.rows]
    shares = archive.heat_map.shares()[rows.index("/a/short.mp4")]
    happy = np.flatnonzero(shares[:, 0])
    assert (happy.min(), happy.max()) == (CELLS * 10 // 60, CELLS * 20 // 60 - 1)
    assert set(shares[happy, 0]) == {255}
    assert archive.heat_map.shares()[rows.index("/a/empty.mp4")].sum() == 0


def test_many_videos_share_rows_and_none_is_lost(tmp_path: Path) -> None:
    count = MOST_ROWS + 25
    for number in range(count):
        write(tmp_path / "results", f"/a/{number:04}.mp4", [Face(0, "sad")])
    archive = summarize_results(tmp_path / "results", tmp_path / "out")
    assert len(archive.heat_map.rows) == MOST_ROWS
    assert sum(row.count for row in archive.heat_map.rows) == count
    assert len(table(tmp_path / "out", "videos")) == count


def test_a_page_holds_everything_in_one_file(results: Path, tmp_path: Path) -> None:
    write(results, "/a/</script><b>.mp4", [Face(0, "happy")])
    page = write_page(summarize_results(results, tmp_path / "out"), tmp_path / "out")
    parsed = Page(page.read_text("utf-8").replace("<!DOCTYPE html>", ""))
    assert not [attributes for _, attributes in parsed.tags if "src" in attributes]
    assert not parsed.all("b")
    assert not parsed.all("link")


@pytest.fixture
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


def test_a_browser_shows_rows_bars_and_links_with_times(
    browser: Chromium, results: Path, tmp_path: Path
) -> None:
    page = write_page(summarize_results(results, tmp_path / "out"), tmp_path / "out")
    browser.open(page.as_uri())
    assert browser.errors == []
    assert browser.requested == [page.as_uri()]
    assert browser.evaluate("document.querySelectorAll('.row').length") == 3
    assert browser.evaluate("document.querySelectorAll('.bar').length") == 3
    links = browser.evaluate("[...document.querySelectorAll('#clips a')].map(a => a.href)")
    assert "file:///a/short.mp4#t=10" in links
    pixel = "document.querySelectorAll('canvas')[2].getContext('2d').getImageData(30,0,1,1).data"
    assert browser.evaluate(f"[...{pixel}]") == [245, 190, 30, 255]  # happy's hue
    browser.evaluate("document.querySelectorAll('#choice input')[2].click()")
    assert browser.evaluate(f"[...{pixel}]")[3] < 255  # sad: only in the last half of it


KEY = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{}'}}))"
TIP = "document.getElementById('tip').textContent"


def test_a_bar_is_as_long_as_its_share(browser: Chromium, results: Path, tmp_path: Path) -> None:
    page = write_page(summarize_results(results, tmp_path / "out"), tmp_path / "out")
    browser.open(page.as_uri())
    text = browser.evaluate("document.getElementById('distribution').textContent")
    shares = re.findall(r"([\d.]+)%", text)
    assert len(shares) == 3
    for bar, share in enumerate(shares):
        fill = f"document.querySelectorAll('.fill')[{bar}]"
        part = browser.evaluate(f"{fill}.clientWidth / {fill}.parentElement.clientWidth")
        assert 100 * part == pytest.approx(float(share), abs=0.5)


def test_long_class_names_leave_the_bars_and_the_page_alone(
    browser: Chromium, results: Path, tmp_path: Path
) -> None:
    archive = summarize_results(results, tmp_path / "out")
    name = "pleasantly_surprised_woman_of_forty"
    archive.labels = (name, *archive.labels[1:])
    archive.clips = {name: archive.clips["happy"]}
    browser.open(write_page(archive, tmp_path / "out").as_uri())
    for width in (360, 1280):
        browser.resize(width, 800)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        assert browser.evaluate(
            "[...document.querySelectorAll('.bar')].every((bar) => "
            "bar.querySelector('bdi').getBoundingClientRect().right "
            "<= bar.querySelector('.track').getBoundingClientRect().left)"
        )


def test_the_heat_map_is_read_by_keyboard(browser: Chromium, results: Path, tmp_path: Path) -> None:
    browser.open(
        write_page(summarize_results(results, tmp_path / "out"), tmp_path / "out").as_uri()
    )
    strips = "document.querySelectorAll('#rows canvas')"
    assert browser.evaluate(f"[...{strips}].filter((e) => e.tabIndex === 0).length") == 1
    names = browser.evaluate(f"[...{strips}].map((e) => e.getAttribute('aria-label'))")
    assert names[0] == "empty.mp4, 0:01:00: no face"
    assert names[2] == "short.mp4, 0:01:00: happy 17%, sad 8%, uncertain 2% of the time"
    browser.evaluate(f"{strips}[0].focus()")
    browser.evaluate(KEY.format("ArrowDown"))
    browser.evaluate(KEY.format("ArrowDown"))
    assert browser.evaluate(f"document.activeElement === {strips}[2]")
    for key in ("Home", *["PageUp"] * 2, *["ArrowRight"] * 5):
        browser.evaluate(KEY.format(key))
    # ten seconds, as far apart as the totals know them, with two faces in their second half
    said = (
        "short.mp4, 0:00:10 to 0:00:20: happy 100%, sad 50% of the time; two faces at the same "
        "time count twice"
    )
    assert browser.evaluate(TIP) == said
    assert browser.evaluate("document.activeElement.getAttribute('aria-valuetext')") == said
    assert browser.errors == []


def test_one_is_singular(fer_edge: Cli, tmp_path: Path) -> None:
    write(tmp_path, "/a/photos", [Face(0, "sad", track=-1)], kind="pictures", frames=1)
    result = fer_edge("archive", "summarize", tmp_path)
    assert "0 videos, " in result.stdout
    assert "; 1 picture; 1 face, 0 tracks" in result.stdout


def test_what_cannot_be_summarized_is_one_line(fer_edge: Cli, tmp_path: Path) -> None:
    absent = fer_edge("archive", "summarize", tmp_path / "absent")
    assert_one_clear_line(absent, "is not a results folder")
    (tmp_path / "empty").mkdir()
    empty = fer_edge("archive", "summarize", tmp_path / "empty")
    assert_one_clear_line(empty, "expected Parquet files", "no finished file")
    write(tmp_path / "tables", "/a.mp4", [Face(0, "sad")])
    for part in (tmp_path / "tables").rglob("*.parquet"):
        part.rename(part.with_suffix(".csv"))
    tables = fer_edge("archive", "summarize", tmp_path / "tables")
    assert_one_clear_line(tables, "only .csv files", "ANOTHER_FOLDER, without --format")
    write(tmp_path / "mixed", "/a.mp4", [Face(0, "sad")])
    write(tmp_path / "mixed", "/b.mp4", [Face(0, "sad")], settings="1")
    mixed = fer_edge("archive", "summarize", tmp_path / "mixed")
    assert_one_clear_line(mixed, "2 different sets of options")
    assert not (tmp_path / "mixed" / "summary").exists()


def test_a_file_damaged_in_the_middle_leaves_no_half_a_summary(
    fer_edge: Cli, results: Path
) -> None:
    faces = [Face(at, "sad", track=at) for at in range(2000)]
    write(results, "/a/damaged.mp4", faces, length_s=2000)
    path = max(results.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    data = bytearray(path.read_bytes())
    data[10 : len(data) // 2] = bytes(len(data) // 2 - 10)
    path.write_bytes(data)
    result = fer_edge("archive", "summarize", results)
    assert_one_clear_line(result, "is damaged", "delete it")
    assert list((results / "summary").glob("*.csv")) == []


def test_options_are_on_the_page(results: Path, tmp_path: Path) -> None:
    page = write_page(summarize_results(results, tmp_path / "out"), tmp_path / "out")
    text = page.read_text("utf-8")
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(data)["options"] == {"every": 5}
