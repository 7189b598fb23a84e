import io
import json
import tracemalloc
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.runtime.publish.summary import MOST_TRACKS, Summary, Totals, as_plain, as_text
from fer_edge.runtime.timing.stopwatch import StageTimes

from ...support.results import File, Live, make_face, make_result


class Folder(File):
    is_video = False


def test_seconds_go_to_each_face_s_label() -> None:
    totals = Totals(Live(frame_rate_hz=10))
    for i in range(10):
        label = "happy" if i < 4 else "uncertain"
        faces = [make_face(label, 1), *([make_face("sad", 2)] if i >= 8 else [])]
        totals.add(make_result(*faces, index=i, time_s=5 + i / 10, dropped=i // 3))
    totals.finish()
    plain = as_plain(totals)
    assert plain["seconds_per_label"] == {"uncertain": 0.6, "happy": 0.4, "sad": 0.2}
    assert (plain["frames"], plain["dropped"], plain["faces"], plain["tracks"]) == (10, 3, 12, 2)
    assert plain["last_tracks"] == [
        {
            "track": 1,
            "first_s": 5.0,
            "last_s": 5.9,
            "seconds_per_label": {"uncertain": 0.6, "happy": 0.4},
        },
        {"track": 2, "first_s": 5.8, "last_s": 5.9, "seconds_per_label": {"sad": 0.2}},
    ]


@pytest.mark.parametrize(
    ("rate_hz", "times_s", "seconds"),
    [
        (10, [0, 0.1, 3600], 0.1 + 0.1 + 1.0),  # the camera was away: 1 s counts
        (10, [50, 0, 0.1], 0.1 + 0.0 + 0.1),  # the clock was set back
        (0.2, [0, 5, 10], 15.0),  # one frame every five seconds
        (0, [0, 0.5], 0.5),  # an unknown frame rate
    ],
)
def test_a_frame_stands_until_the_next_one(
    rate_hz: float, times_s: list[float], seconds: float
) -> None:
    totals = Totals(Live(frame_rate_hz=rate_hz))
    for i, time_s in enumerate(times_s):
        totals.add(make_result(make_face(), index=i, time_s=time_s))
    totals.finish()
    assert totals.labels == {"happy": pytest.approx(seconds)}


def test_in_a_video_with_a_varying_frame_rate_the_shown_label_gets_the_time() -> None:
    totals = Totals(File())
    shown = [(0.0, "happy"), (4.0, "sad"), (5.0, "sad"), (5.2, "happy")]
    for i, (time_s, label) in enumerate(shown):
        totals.add(make_result(make_face(label, 1), index=i, time_s=time_s))
    totals.finish()
    assert totals.labels == pytest.approx({"happy": 4.1, "sad": 1.2})
    assert totals.appearances[1].seconds == pytest.approx(totals.labels)


def test_pictures_have_no_seconds_their_faces_are_counted() -> None:
    totals = Totals(Folder())
    for i in range(3):
        totals.add(make_result(make_face(track=None), make_face("sad", None), index=i))
    totals.finish()
    assert as_plain(totals)["faces_per_label"] == {"happy": 3, "sad": 3}
    assert "faces: happy 3.0, sad 3.0" in as_text(totals)


def test_stages_that_did_not_run_are_no_fast_ones() -> None:
    totals = Totals(Live())
    for i in range(10):
        detect_ms = 8.0 if i % 5 == 0 else 0.0
        totals.add(make_result(index=i, times=StageTimes(detect_ms=detect_ms, classify_ms=1.0)))
    latency_ms = as_plain(totals)["latency_ms"]
    assert latency_ms["detect"]["frames"] == 2
    assert latency_ms["detect"]["p50"] == pytest.approx(8, rel=0.03)
    assert latency_ms["total"]["p50"] == pytest.approx(1, rel=0.03)
    assert latency_ms["total"]["max"] == 9
    assert set(latency_ms) == {"detect", "classify", "total"}


def test_months_of_faces_take_no_more_memory_than_minutes() -> None:
    totals = Totals(Live())
    image = make_result()

    def faces(first: int, count: int) -> None:
        for number in range(first, first + count):
            face = make_face("sad", number)
            totals.add(type(image)(image.frame, (face,)))

    tracemalloc.start()
    faces(1, 3000)  # Python keeps up to 2,000 freed tuples of each length for reuse
    before = tracemalloc.get_traced_memory()[0]
    faces(3001, 3000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 5_000
    assert totals.tracks == 6000
    assert [*totals.appearances] == list(range(6001 - MOST_TRACKS, 6001))


def test_more_faces_at_once_than_are_kept_are_counted_once() -> None:
    totals = Totals(Live())
    crowd = [make_face("sad", number) for number in range(1, 301)]
    for i in range(3):
        totals.add(make_result(*crowd, index=i, size=(8, 8)))
    assert totals.tracks == 300


def test_the_text_says_it_to_a_person() -> None:
    source, stream = Live(frame_rate_hz=10), io.StringIO()
    sink = Summary(source, stream, comparison=lambda: "float model: same label on 98 of 100")
    for i in range(30):
        face = make_face("happy", 1 + i)
        times = StageTimes(detect_ms=4, crop_ms=0.5)
        sink.write(make_result(face, index=i, time_s=i / 10, dropped=2, times=times))
    sink.close(complete=True)
    first, *lines = stream.getvalue().splitlines()
    assert first.startswith("30 frames in ")
    assert first.endswith("2 dropped; 30 faces recognized, 30 tracks")
    assert lines[0] == "  seconds: happy 3.0"
    assert lines[1] == "  the last 10 faces of 30:"
    assert lines[2] == "  face 21, 2.0 to 2.0 s: happy 0.1"
    assert lines[-5].split() == ["latency", "in", "ms", "median", "p95", "p99", "max"]
    assert lines[-2].split()[0] == "total"
    assert lines[-2].split()[-1] == "4.50"
    assert lines[-1] == "float model: same label on 98 of 100"


def test_the_file_is_json_and_a_failed_run_has_none(tmp_path: Path) -> None:
    for complete in (False, True):
        sink = Summary(Live(), tmp_path / "s.json", comparison=lambda: "98%")
        sink.write(make_result(make_face()))
        sink.close(complete=complete)
        assert (tmp_path / "s.json").exists() == complete
    plain = json.loads((tmp_path / "s.json").read_text())
    assert (plain["frames"], plain["comparison"]) == (1, "98%")


def test_a_run_without_frames_has_a_summary_too(tmp_path: Path) -> None:
    for to in (io.StringIO(), tmp_path / "s.json"):
        Summary(Live(), to).close(complete=True)
    assert json.loads((tmp_path / "s.json").read_text())["frames"] == 0


def test_a_place_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        Summary(Live(), tmp_path / "file" / "s.json")
