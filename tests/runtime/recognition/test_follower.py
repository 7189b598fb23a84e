"""Faces over time: when a face is read, and how long its reading and state are kept."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result as Invoked
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box, crop, model_input
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model, write_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.recognition.follower import Follower, Pace
from fer_edge.runtime.recognition.result import UNCERTAIN, Result
from fer_edge.runtime.recognition.smoothing import Steadiness, steady_label
from fer_edge.runtime.tracking.track import Track
from tests.support.cartoons import draw_face

from ...support.gray_frames import gray_of
from ...support.readers import open_follower

PLAIN = Steadiness(smooth_s=0, hysteresis=0, uncertain_below=0)


class Seen:
    """Tracker that returns the faces set by a test, as track number -> box."""

    def __init__(self, **boxes: Box) -> None:
        self.boxes = {int(name[1:]): box for name, box in boxes.items()}

    def follow(self, frame: Frame) -> list[Track]:
        return [Track(number, box, 0.9, False) for number, box in self.boxes.items()]


class Counting(TFLiteModel):
    """Model that keeps its inputs."""

    def __init__(self) -> None:
        super().__init__(read_model(find_model(DEFAULT_MODEL)))
        self.given: list[NDArray[np.uint8]] = []

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.given.append(pixels)
        return super().probabilities(pixels)


@pytest.fixture
def model() -> Iterator[Counting]:
    with Counting() as opened:
        yield opened


def place(number: int) -> Box:
    """Return the box of a track, 40 x 40 pixels; boxes of different tracks do not overlap."""
    left, top = 50.0 * (number % 12), 50.0 * (number // 12)
    return Box(left, top, left + 40, top + 40)


def view(time_s: float, *numbers: int, label: int = 3) -> Frame:
    """Make a frame with a different cartoon face for each track number."""
    image = np.full((480, 640, 3), 90, np.uint8)
    for number in numbers:
        box = place(number)
        left, top = int(box.left), int(box.top)
        face = draw_face(label, number, 40)
        image[top : top + 40, left : left + 40] = face[..., np.newaxis]
    return Frame(image, 0, time_s, "test")


def who_was_read(model: Counting, frame: Frame, numbers: list[int]) -> list[int]:
    """Return the tracks that the model read since the last call, recognized by their pixels."""
    policy, size = model.file.card.input.crop, model.input_size
    own = {n: model_input(crop(frame.image, place(n), policy), *size) for n in numbers}
    read = [next(n for n in numbers if np.array_equal(own[n], pixels)) for pixels in model.given]
    model.given.clear()
    return read


def test_every_face_is_cut_by_the_card_and_read_in_every_frame_of_a_file(model: Counting) -> None:
    follower = Follower(model, Seen(n1=place(1), n2=place(2)), steadiness=PLAIN)
    for i in range(3):
        frame = view(i / 30, 1, 2, label=i)
        result = follower.read_frame(frame)
        assert who_was_read(model, frame, [1, 2]) == [1, 2]
        assert [(r.track, r.box, r.score) for r in result.faces] == [
            (1, place(1), 0.9),
            (2, place(2), 0.9),
        ]
        for face in result.faces:
            pixels = crop(frame.image, face.box, model.file.card.input.crop)
            wanted = TFLiteModel.probabilities(model, model_input(pixels, *model.input_size))
            assert np.array_equal(np.float32([*face.probabilities.values()]), wanted)
            assert face.label == model.labels[int(wanted.argmax())]
        times = result.times
        assert min(times.track_ms, times.crop_ms, times.classify_ms, times.smooth_ms) > 0


def test_a_face_is_read_at_its_own_rate_and_its_reading_holds(model: Counting) -> None:
    follower = Follower(model, Seen(n1=place(1)), steadiness=PLAIN, pace=Pace(every_s=0.1))
    read_at, results = [], []
    for i in range(13):  # at 30 Hz, three frames take 0.1 s, up to rounding
        results.append(follower.read_frame(view(i / 30, 1, label=i % 7)).faces[0])
        if model.given:
            read_at.append(i)
        model.given.clear()
    assert read_at == [0, 3, 6, 9, 12]
    assert results[4].probabilities == results[3].probabilities != results[2].probabilities


def test_in_a_crowd_whoever_waits_longest_is_read_first(model: Counting) -> None:
    numbers = list(range(1, 6))
    tracker = Seen(**{f"n{n}": place(n) for n in numbers})
    follower = Follower(model, tracker, steadiness=PLAIN, pace=Pace(per_frame=2))
    frame = view(0.0, *range(1, 7))
    rounds = []
    for i in range(4):
        if i == 3:
            tracker.boxes[6] = place(6)
        now = Frame(frame.image, i, i / 30, "test")
        result = follower.read_frame(now)
        rounds.append(who_was_read(model, now, [*numbers, 6]))
        assert len(result.faces) == len(tracker.boxes)
        if i == 0:  # faces that are not read yet are in the result, too
            waiting = result.faces[2:]
            assert {face.label for face in waiting} == {UNCERTAIN}
            assert {p for face in waiting for p in face.probabilities.values()} == {
                float(np.float32(1 / 7))
            }
    assert rounds == [[1, 2], [3, 4], [5, 1], [6, 2]]


def test_probabilities_are_smoothed_by_the_true_time_between_readings(model: Counting) -> None:
    tracker = Seen(n1=place(1))
    follower = Follower(model, tracker, steadiness=Steadiness(0.5, 0, 0))
    bare = Follower(model, tracker, steadiness=PLAIN)
    state = None
    for time_s, last_s, label in ((0.0, 0.0, 0), (0.04, 0.0, 6), (0.9, 0.04, 2), (0.95, 0.9, 1)):
        frame = view(time_s, 1, label=label)
        now = np.array([*bare.read_frame(frame).faces[0].probabilities.values()])
        share = 1 - np.exp(-(time_s - last_s) / 0.5)
        state = now if state is None else state + share * (now - state)
        read = follower.read_frame(frame).faces[0]
        assert [*read.probabilities.values()] == pytest.approx(state, abs=1e-5)
        assert read.label == model.labels[int(np.argmax(state))]


def test_the_label_is_the_steady_one(model: Counting) -> None:
    steadiness = Steadiness(0.3, 0.2, 0.5)
    follower = Follower(model, Seen(n1=place(1)), steadiness=steadiness)
    last = None
    for i in range(30):
        read = follower.read_frame(view(i / 10, 1, label=i % 7)).faces[0]
        wanted = steady_label(
            np.float32([*read.probabilities.values()]), model.labels, steadiness, last
        )
        assert read.label == wanted
        last = wanted


def test_a_track_that_is_away_for_a_moment_is_remembered_and_then_forgotten(
    model: Counting,
) -> None:
    tracker = Seen(n1=place(1))
    follower = Follower(model, tracker, steadiness=Steadiness(1.0, 0, 0))
    first = follower.read_frame(view(0.0, 1, label=0)).faces[0]
    tracker.boxes.clear()
    assert follower.read_frame(view(0.1)).faces == ()
    tracker.boxes[1] = place(1)
    again = follower.read_frame(view(0.2, 1, label=6)).faces[0]
    fresh = Follower(model, tracker, steadiness=PLAIN).read_frame(view(0.2, 1, label=6)).faces[0]
    assert again.probabilities != pytest.approx(fresh.probabilities, abs=1e-3)  # smoothed
    assert again.probabilities != pytest.approx(first.probabilities, abs=1e-3)
    tracker.boxes.clear()
    follower.read_frame(view(2.21))  # 2 s after it was last seen
    tracker.boxes[1] = place(1)
    late = follower.read_frame(view(2.22, 1, label=6)).faces[0]
    assert late.probabilities == pytest.approx(fresh.probabilities, abs=1e-6)


def test_months_of_passers_by_leave_nothing_behind(model: Counting) -> None:
    tracker = Seen()
    follower = Follower(model, tracker, pace=Pace(per_frame=1))
    most = 0
    for i in range(600):  # a new face in each frame, visible for five frames
        tracker.boxes = {n: place(n % 12) for n in range(max(1, i - 4), i + 1)}
        follower.read_frame(Frame(np.zeros((64, 640, 3), np.uint8), i, i / 30, "test"))
        most = max(most, len(follower._states))
    assert most <= 66  # of the last 2 s, and those visible


def test_a_clock_that_begins_anew_does_not_stop_the_reading(model: Counting) -> None:
    tracker = Seen(n1=place(1))
    follower = Follower(model, tracker, steadiness=Steadiness(0.2, 0, 0), pace=Pace(every_s=0.5))
    for time_s in (1000.0, 0.0, 0.4, 0.5):
        follower.read_frame(view(time_s, 1, label=int(time_s > 1) * 3))
    assert len(model.given) == 3
    assert set(follower._states) == {1}


def test_only_the_crops_own_pixels_are_copied(model: Counting) -> None:
    image = np.zeros((4320, 7680, 3), np.uint8)  # 8K: 100 MB
    boxes = {f"n{i}": Box(500.0 * i, 1000.0, 500.0 * i + 200, 1250.0) for i in range(1, 11)}
    follower = Follower(model, Seen(**boxes))
    follower.read_frame(Frame(image, 0, 0.0, "test"))
    model.given.clear()
    tracemalloc.start()
    follower.read_frame(Frame(image, 1, 0.1, "test"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(model.given) == 10
    # a gray crop of 245 pixels, its indices, and the inputs that the test keeps
    assert peak < 2 * 245 * 245 + 10 * 48 * 48


def test_a_frame_without_a_face_costs_no_inference(model: Counting) -> None:
    result = Follower(model, Seen()).read_frame(view(0.0))
    assert result.faces == ()
    assert model.given == []


def test_a_face_at_the_edge_is_read(model: Counting) -> None:
    outside = {"n1": Box(-30, -30, 10, 10), "n2": Box(630, 470, 700, 540)}
    result = Follower(model, Seen(**outside)).read_frame(view(0.0))
    assert [sum(r.probabilities.values()) for r in result.faces] == pytest.approx([1, 1], abs=1e-3)


def test_a_video_of_crops_is_one_face(tmp_path: Path) -> None:
    path = tmp_path / "crops.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 96))
    for i in range(8):
        writer.write(cv2.cvtColor(draw_face(3, i, 96), cv2.COLOR_GRAY2BGR))
    writer.release()
    results: list[Result] = []
    with open_follower(detector="none", steadiness=PLAIN) as follower:
        for frame in open_source(path):
            results.append(follower.read_frame(frame))
            (face,) = results[-1].faces
            wanted = follower.model.probabilities(model_input(gray_of(frame), 48, 48))
            assert np.array_equal(np.float32([*face.probabilities.values()]), wanted)
    assert [r.faces[0].track for r in results] == [1] * 8
    assert results[0].faces[0].box == Box(0, 0, 96, 96)


def test_the_clip_reads_neutral_and_then_happy(
    fer_edge: Callable[..., Invoked], media: Path
) -> None:
    with open_follower() as follower:
        labels = [
            follower.read_frame(frame).faces[0].label
            for frame in open_source(media / "single_face.mp4")
        ]
    changes = [i for i in range(1, 72) if labels[i] != labels[i - 1]]
    assert (labels[0], labels[40]) == ("neutral", "happy")
    assert 1 <= len(changes) <= 2
    assert 18 <= changes[0] <= 26


def test_a_folder_of_pictures_is_read_each_for_itself(
    fer_edge: Callable[..., Invoked], tmp_path: Path
) -> None:
    import json

    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), draw_face(2 * i, 0, 48))
    run = ("run", "--input", tmp_path, "--detector", "none")
    for threshold, surely in ((0, False), (1, True)):
        result = fer_edge(*run, "--uncertain-below", threshold)
        faces = [json.loads(line)["faces"][0] for line in result.stdout.splitlines()]
        assert [face["label"] == UNCERTAIN for face in faces] == [surely] * 3
    # pictures are independent: read alone, this one gets the same scores
    alone = fer_edge("run", "--input", tmp_path / "2.png", "--detector", "none")
    assert json.loads(alone.stdout)["faces"][0]["scores"] == faces[2]["scores"]


def test_another_model_takes_over_between_two_frames(model: Counting, tmp_path: Path) -> None:
    german = ("Wut", "Ekel", "Angst", "Freude", "Trauer", "Staunen", "neutral")
    path = tmp_path / "german.tflite"
    bundled = read_model(find_model(DEFAULT_MODEL))
    write_model(path, bundled.flatbuffer, replace(bundled.card, labels=german))
    follower = Follower(model, Seen(n1=place(1)), steadiness=Steadiness(5.0, 0, 0))
    first = follower.read_frame(view(0.0, 1, label=0)).faces[0]
    follower.replace_model(open_model(find_model(DEFAULT_MODEL)))
    assert model._interpreter is None
    same = follower.read_frame(view(0.01, 1, label=6)).faces[0]
    assert same.probabilities == pytest.approx(first.probabilities, abs=0.01)  # smoothing continues
    follower.replace_model(open_model(path))
    other = follower.read_frame(view(0.02, 1, label=6)).faces[0]
    assert (tuple(other.probabilities), other.label in german) == (german, True)
    assert other.probabilities != pytest.approx(first.probabilities, abs=0.01)
    follower.close()


def test_open_model_is_closed_with_the_follower() -> None:
    opened = open_model(find_model(DEFAULT_MODEL))
    with Follower(opened, Seen()):
        assert opened._interpreter is not None
    assert opened._interpreter is None
