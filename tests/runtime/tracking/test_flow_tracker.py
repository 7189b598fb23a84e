from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.detection.detector import Detection, FaceDetector, WholeFrame
from fer_edge.runtime.detection.overlap import overlaps
from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.tracking.flow_tracker import FaceTracker, open_tracker
from fer_edge.runtime.tracking.track import Track
from tests.support.moving_faces import Image, as_frames, background, paste


class Counting:
    """YuNet that counts its calls, and finds nothing in the given calls."""

    def __init__(self, *blind_calls: int, long_side_px: int = 320) -> None:
        self._yunet = YuNet(long_side_px=long_side_px)
        self._blind_calls = blind_calls
        self.long_side_px = long_side_px
        self.calls = 0

    def detect(self, image: Image) -> list[Detection]:
        self.calls += 1
        if self.calls in self._blind_calls:
            return []
        return self._yunet.detect(image)


class Scripted:
    """Detector that finds the same boxes in every frame."""

    def __init__(self, *boxes: Box) -> None:
        self.faces = [Detection(box, 0.9) for box in boxes]

    def detect(self, image: Image) -> list[Detection]:
        return list(self.faces)


@pytest.mark.parametrize("size", [(1002, 2000), (999, 1333), (720, 1280), (300, 500)])
def test_gray_images_are_of_one_size_whether_the_detector_looks_or_not(
    size: tuple[int, int],
) -> None:
    # rounding: 1002 rows become 641 at 1280 and then 320 at 640, but 321 in a single step
    detector = Scripted(Box(60, 60, 260, 260))
    detector.long_side_px = 1280  # type: ignore[attr-defined]
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    tracks = follow_all(FaceTracker(detector, every=2), [image] * 5)
    assert numbers(tracks) == [[1]] * 5


def follow_all(tracker: FaceTracker, images: Iterable[Image]) -> list[list[Track]]:
    return [tracker.follow(frame) for frame in as_frames(images)]


def numbers(tracks: list[list[Track]]) -> list[list[int]]:
    return [sorted(track.number for track in each) for each in tracks]


def agreement(images: list[Image], tracks: list[list[Track]]) -> list[float]:
    """Return the overlap of each frame's only track with the face that YuNet finds there."""
    detector = YuNet()
    return [
        float(overlaps([face.box for face in detector.detect(image)], [track.box]).max())
        for image, (track,) in zip(images, tracks, strict=True)
    ]


def test_a_moving_face_is_one_track_and_detected_in_every_fifth_frame(head: Image) -> None:
    images = [paste(background(), head, 200 + 4 * n, 150 + n, 200) for n in range(31)]
    detector = Counting()
    tracks = follow_all(FaceTracker(detector), images)
    assert numbers(tracks) == [[1]] * 31
    assert [each[0].is_detected for each in tracks] == [n % 5 == 0 for n in range(31)]
    assert detector.calls == 7
    assert all(each[0].score > 0.6 for each in tracks)
    overlap = agreement(images, tracks)
    assert np.median(overlap) > 0.9
    assert min(overlap) > 0.8


def test_a_face_that_comes_nearer_grows_between_detections(head: Image) -> None:
    images = [paste(background(), head, 320, 180, 120 + 4 * n) for n in range(21)]
    detector = Counting()
    tracks = follow_all(FaceTracker(detector, every=10), images)
    assert detector.calls == 3
    heights = [each[0].box.height for each in tracks]
    assert heights[9] > 1.15 * heights[0]
    assert min(agreement(images, tracks)) > 0.75


def test_boxes_are_in_pixels_of_the_frame_whatever_the_flow_sees(head: Image) -> None:
    images = [paste(background(size=(1080, 1920)), head, 900 + 9 * n, 500, 600) for n in range(9)]
    tracks = follow_all(FaceTracker(Counting(long_side_px=640)), images)
    assert numbers(tracks) == [[1]] * 9
    assert min(agreement(images, tracks)) > 0.85
    tiny = [paste(background(size=(120, 160)), head, 70 + 2 * n, 60, 90) for n in range(9)]
    tracks = follow_all(FaceTracker(Counting()), tiny)
    assert numbers(tracks) == [[1]] * 9
    assert min(agreement(tiny, tracks)) > 0.75


def test_at_a_cut_the_old_face_ends_in_that_frame_and_another_is_another(head: Image) -> None:
    for first_frames in range(6, 12):  # cuts at a detection and between two detections
        images = [paste(background(1), head, 200, 180, 220)] * first_frames
        images += [paste(background(2), head[:, ::-1], 250, 170, 190)] * 3
        images += [background(3)] * 3
        tracks = follow_all(FaceTracker(Counting()), images)
        assert numbers(tracks) == [[1]] * first_frames + [[2]] * 3 + [[]] * 3


def test_a_face_that_goes_leaves_no_ghost(head: Image) -> None:
    present = paste(background(), head, 300, 180, 150)
    for frames in range(6, 12):
        tracks = follow_all(FaceTracker(Counting()), [present] * frames + [background()] * 8)
        assert numbers(tracks)[:frames] == [[1]] * frames
        assert numbers(tracks)[frames:] == [[]] * 8


def test_a_face_that_walks_out_of_the_picture_ends(head: Image) -> None:
    images = [paste(background(), head, 500 + 10 * n, 180, 150) for n in range(30)]
    tracks = follow_all(FaceTracker(Counting()), images)
    assert tracks[0]
    gone = next(n for n, each in enumerate(tracks) if not each)
    assert 500 + 10 * gone < 640 + 75 + 50  # its last pixel leaves the frame at 640 + 75
    assert not any(tracks[gone:])


def test_a_face_that_comes_is_found_within_a_round(head: Image) -> None:
    for empty in range(1, 7):
        images = [background()] * empty + [paste(background(), head, 300, 180, 150)] * 6
        detector = Counting()
        tracks = follow_all(FaceTracker(detector), images)
        found = next(n for n, each in enumerate(tracks) if each)
        assert empty <= found < empty + 5
        assert found % 5 == 0
        assert detector.calls == 1 + (len(images) - 1) // 5


def test_one_missed_detection_does_not_end_a_face_that_the_flow_follows(head: Image) -> None:
    images = [paste(background(), head, 200 + 3 * n, 150, 200) for n in range(25)]
    tracks = follow_all(FaceTracker(detector := Counting(4, 5)), images)
    assert numbers(tracks) == [[1]] * 25
    # detector calls in frames 0, 5, 10, 15 (missed), 16 (missed), 17, 22
    assert [n for n, each in enumerate(tracks) if each[0].is_detected] == [0, 5, 10, 17, 22]
    assert detector.calls == 7


def test_a_face_that_is_missed_again_and_again_ends(head: Image) -> None:
    images = [paste(background(), head, 300, 180, 150)] * 30
    tracks = follow_all(FaceTracker(Counting(*range(4, 100))), images)
    assert numbers(tracks) == [[1]] * 17 + [[]] * 13
    # a face that was found only once may be a false detection, so it ends at once
    tracks = follow_all(FaceTracker(Counting(*range(2, 100))), images)
    assert numbers(tracks) == [[1]] * 5 + [[]] * 25


def test_a_face_that_returns_soon_to_its_place_keeps_its_number(head: Image) -> None:
    present, empty = paste(background(), head, 300, 180, 150), background()
    tracker = FaceTracker(Counting())
    shown = [present] * 7 + [empty] * 13 + [present] * 6 + [empty] * 40 + [present] * 6
    tracks = numbers(follow_all(tracker, shown))
    assert [1] in tracks[20:26]
    assert [2] in tracks[66:]
    assert {number for each in tracks for number in each} == {1, 2}


def test_two_faces_that_pass_each_other_keep_their_numbers(head: Image) -> None:
    images = []
    for n in range(40):
        one = paste(background(), head, 120 + 10 * n, 110, 130)
        images.append(paste(one, head[:, ::-1], 520 - 10 * n, 240, 160))
    tracks = follow_all(FaceTracker(Counting()), images)
    assert numbers(tracks) == [[1, 2]] * 40
    for n, each in enumerate(tracks):
        assert each[0].box.height > each[1].box.height  # the largest first
        for track, x in zip(each, (520 - 10 * n, 120 + 10 * n), strict=True):
            assert abs((track.box.left + track.box.right) / 2 - x) < 30
        assert [track.number for track in each] == [1, 2]


def test_where_one_face_hides_another_no_number_changes_hands(head: Image) -> None:
    images = []
    for n in range(40):
        one = paste(background(), head, 120 + 10 * n, 170, 130)
        images.append(paste(one, head[:, ::-1], 520 - 10 * n, 180, 200))
    tracks = follow_all(FaceTracker(Counting()), images)
    for n, each in enumerate(tracks):
        front = [track for track in each if track.number == 1]
        assert len(front) == 1
        assert abs((front[0].box.left + front[0].box.right) / 2 - (520 - 10 * n)) < 40
        assert len(each) <= 2
    assert len(tracks[-1]) == 2


def test_a_jump_that_the_flow_cannot_follow_is_detected_at_once(head: Image) -> None:
    images = [paste(background(), head, 200, 180, 200)] * 7
    images += [paste(background(), head, 290, 180, 200)] * 2
    tracks = follow_all(FaceTracker(Counting()), images)
    assert numbers(tracks) == [[1]] * 9
    assert tracks[7][0].is_detected
    assert min(agreement(images, tracks)) > 0.8


def test_numbers_are_never_used_twice(head: Image) -> None:
    images = []
    for x in (150, 450, 150, 450, 300):
        images += [paste(background(), head, x, 180, 150)] * 2 + [background()] * 6
    tracker, seen = FaceTracker(Counting(), every=1), []
    for n, image in enumerate(images):
        tracks = tracker.follow(Frame(image, n, n / 5, "clip"))
        seen += [track.number for track in tracks]
    assert seen == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_frame_size_may_change_in_mid_stream(head: Image) -> None:
    wide, small = (
        paste(background(), head, 300, 180, 200),
        paste(background(size=(200, 200)), head, 100, 100, 150),
    )
    images = [wide] * 3 + [small] * 3 + [np.zeros((0, 0, 3), np.uint8)] * 2 + [wide] * 3
    tracks = follow_all(FaceTracker(Counting()), images)
    assert numbers(tracks) == [[1]] * 3 + [[2]] * 3 + [[]] * 2 + [[3]] * 3


@pytest.mark.parametrize("size", [(0, 0), (0, 40), (1, 1), (1, 400), (400, 1), (7, 5), (16, 16)])
@pytest.mark.filterwarnings("error")
def test_a_frame_of_any_size_is_taken(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    follow_all(FaceTracker(YuNet()), [image] * 7)
    boxes = Box(0, 0, 3, 3), Box(-50, -50, 90, 90), Box(500, 500, 600, 600)
    for tracks in follow_all(FaceTracker(Scripted(*boxes)), [image] * 7):
        assert len(tracks) == (3 if image.size else 0)


def test_an_even_picture_under_a_box_is_detected_in_every_frame() -> None:
    images = [np.full((90, 160, 3), 127, np.uint8)] * 6  # no corners to track
    tracks = follow_all(FaceTracker(Scripted(Box(20, 20, 60, 70))), images)
    assert all(each[0].is_detected and each[0].number == 1 for each in tracks)


def test_after_a_gap_in_time_the_detector_looks_at_once(head: Image) -> None:
    detector = Counting()
    tracker, image = FaceTracker(detector), paste(background(), head, 300, 180, 200)
    steps = [(0.0, 1), (0.04, 1), (1.0, 2), (1.04, 2), (1.08, 2), (9.0, 3)]
    found = []
    for n, (time_s, calls) in enumerate(steps):
        found += tracker.follow(Frame(image, n, time_s, "camera"))
        assert detector.calls == calls
    assert [track.number for track in found] == [1, 1, 1, 1, 1, 2]


def test_a_picture_that_is_a_face_crop_already_is_one_track() -> None:
    tracks = follow_all(open_tracker(WholeFrame()), [background(n) for n in range(4)])
    assert tracks == [[Track(1, Box(0, 0, 640, 360), 1.0, True)]] * 4


def test_at_most_so_many_faces_the_largest(head: Image) -> None:
    image = background()
    for x, height in ((100, 120), (250, 170), (450, 210)):
        image = paste(image, head, x, 180, height)
    for each in follow_all(FaceTracker(Counting(), max_faces=2), [image] * 7):
        assert len(each) == 2
        assert each[0].box.left > 380
        assert 180 < each[1].box.left < 300


def test_faces_beyond_the_limits_are_known_until_the_next_detection() -> None:
    boxes = [Box(x, 50, x + size, 50 + size) for x, size in ((10, 90), (200, 60), (400, 30))]
    tracker = FaceTracker(Scripted(*boxes), every=3, min_face_px=40, max_faces=1)
    images = [background()] * 4
    for frame in as_frames(images):
        assert [track.box.width for track in tracker.follow(frame)] == pytest.approx([90], abs=9)
        assert tracker.ignored == boxes[1:]
    tracker.follow(Frame(np.zeros((0, 0, 3), np.uint8), 4, 0.2, "x"))
    assert tracker.ignored == []


def test_a_crowd_of_500_faces_is_followed(head: Image) -> None:
    small = cv2.resize(head, (52, 60), interpolation=cv2.INTER_AREA)
    crowd = np.tile(small, (20, 25, 1))  # 1300 x 1200
    detector = YuNet(long_side_px=1300)
    images = [np.roll(crowd, 2 * n, axis=1) for n in range(4)]
    tracks = follow_all(FaceTracker(detector, every=3, max_faces=500), images)
    assert min(map(len, tracks)) > 450
    # a few lost faces do not cause an early detection
    assert [each[0].is_detected for each in tracks] == [True, False, False, True]
    assert len({track.number for track in tracks[0]} & {track.number for track in tracks[3]}) > 400


def test_faces_that_only_a_large_detect_size_finds_are_followed(head: Image) -> None:
    images = [
        paste(background(size=(720, 1280)), head, 500 + 3 * n, 300, 66) for n in range(11)
    ]  # the face is 40 pixels high, and only 10 if the long side is 320
    tracks = follow_all(FaceTracker(Counting(long_side_px=640)), images)
    assert numbers(tracks) == [[1]] * 11
    assert [each[0].is_detected for each in tracks] == [n % 5 == 0 for n in range(11)]


def test_thousands_of_boxes_neither_crash_nor_take_forever() -> None:
    random = np.random.default_rng(0)
    corners = random.uniform(0, 600, (2000, 2))
    boxes = [Box(x, y, x + 20, y + 25) for x, y in corners.tolist()]
    noise = random.integers(0, 256, (640, 640, 3), dtype=np.uint8)
    tracks = follow_all(FaceTracker(Scripted(*boxes), max_faces=2000), [noise] * 3)
    assert len(tracks[2]) > 1000


def test_time_is_counted_as_detection_and_as_tracking(head: Image) -> None:
    tracker, image = FaceTracker(Counting()), paste(background(), head, 300, 180, 200)
    times = []
    for frame in as_frames([image] * 3):
        tracker.follow(frame)
        times.append(tracker.times)
    assert times[0].detect_ms > times[0].track_ms > 0
    assert times[1].detect_ms == 0 < times[1].track_ms


@pytest.mark.slow
def test_real_clips_are_followed_as_if_detected_in_every_frame(media: Path) -> None:
    for name, late in (("single_face.mp4", 0), ("face_noface.mov", 0), ("noface_face.mov", 4)):
        source = open_source(media / name)
        tracker, detector = FaceTracker(YuNet()), YuNet()
        overlap, missed, numbers_seen = [], 0, set()
        for frame in source:
            tracks, faces = tracker.follow(frame), detector.detect(frame.image)
            assert len(tracks) <= len(faces), f"{name}: no face for a track in frame {frame.index}"
            numbers_seen |= {track.number for track in tracks}
            if tracks:
                boxes = [track.box for track in tracks]
                overlap += overlaps([face.box for face in faces], boxes).max(axis=1).tolist()
            else:
                missed += len(faces)
        assert missed <= late
        assert np.median(overlap) > 0.97
        assert np.percentile(overlap, 5) > 0.9
        assert numbers_seen == {1}


def test_a_tracker_takes_any_detector(head: Image) -> None:
    detectors: list[FaceDetector] = [YuNet(), Scripted(Box(225, 90, 375, 280))]
    for detector in detectors:
        image = paste(background(), head, 300, 180, 250)
        assert numbers(follow_all(FaceTracker(detector), [image] * 7)) == [[1]] * 7
