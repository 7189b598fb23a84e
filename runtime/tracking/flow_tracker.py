"""Face tracking: detection at intervals, optical flow in between."""

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box, gray
from fer_edge.ranges import check_range

from ..capture.frame import Frame
from ..detection.detector import (
    MOST_FACES,
    Detection,
    FaceDetector,
    ShrinkingDetector,
    WholeFrame,
    left_out,
    select,
)
from ..detection.overlap import match, match_nearest, overlap
from ..detection.shrinking import shrink, shrunk_size
from ..timing.stopwatch import StageTimes, Stopwatch
from .followed_face import FollowedFace, confirm_matches
from .optical_flow import MAX_CORNERS, find_corners, follow
from .scene import Scene, is_cut, last_scene, scene_of
from .track import Track, Tracker

# Long side of the gray images for the flow: the detector's, so that detected faces have corners,
# within these limits.
_FLOW_SIDES_PX = (320, 640)
# share of lost faces that triggers a detection: one of four, but not one in a crowd
_LOST_SHARE = 0.25
# number of detections in a row that may miss a face which the flow still tracks
_MAX_MISSES = 2
# time for which a lost face keeps its number for a return to the same place
_RETURN_S = 1.0
# longest gap for optical flow; faces in a slow stream are detected in every frame
_MAX_FLOW_GAP_S = 0.3
# after a longer gap, or if the clock was set back, identities are discarded
_MAX_GAP_S = 5.0
# a track that detection misses ends immediately if another track covers it
_DOUBLE_OVERLAP = 0.5
# corners of all faces together: in a crowd each gets fewer, but not fewer than the minimum
_ALL_CORNERS = 600
_LEAST_CORNERS = 8


class WholeFrameTracker:
    """Treats every frame as a crop of the same face."""

    def follow(self, frame: Frame) -> list[Track]:
        """Return the single face of a non-empty frame."""
        return [Track(1, found.box, found.score) for found in WholeFrame().detect(frame.image)]


class FaceTracker:
    """Tracks faces in a video; implements `TimedTracker` and `SelectingTracker`.

    The detector runs in every Nth frame. In between, and if it misses a known face, optical flow
    moves the boxes. Detection also runs when the flow loses a face and after a gap in time; in a
    crowd a single lost face waits at its place for the next detection. A face that flow and
    detection have lost ends; a face that only the detector misses is searched for in the next
    frames, and ends if it is missed again. At a scene cut all tracks end; they return only if their
    scene does.

    Attributes:
        ignored: Boxes of the faces that the last detection found beyond the limits, and of surplus
            tracks, in pixels of the frame.
    """

    def __init__(
        self,
        detector: FaceDetector,
        *,
        every: int = 5,
        min_face_px: float = 0.0,
        max_faces: int = MOST_FACES,
    ) -> None:
        """Start without faces.

        Args:
            detector: Detector; one that shrinks images itself gets small ones.
            every: Interval of detection: every Nth frame, at least.
            min_face_px: Lowest height of a new face's box, in pixels of the frame.
            max_faces: Most tracks to return; the largest are returned.
        """
        check_range("every", every, 1, is_whole=True)
        check_range("min_face_px", min_face_px, 0)
        check_range("max_faces", max_faces, 1, is_whole=True)
        self._detector = detector
        self._detect_side_px = (
            detector.long_side_px if isinstance(detector, ShrinkingDetector) else None
        )
        self._flow_side_px = int(np.clip(self._detect_side_px or np.inf, *_FLOW_SIDES_PX))
        self._every = every
        self._min_face_px = min_face_px
        self._max_faces = max_faces
        self._last_number = 0
        self._time_s = 0.0
        self._watch = Stopwatch()
        self.ignored: list[Box] = []
        self._forget(())

    @property
    def times(self) -> StageTimes:
        """The stages `detect` and `track` of the last frame."""
        return self._watch.times()

    def _forget(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._followed: list[FollowedFace] = []
        self._gone: list[FollowedFace] = []
        self._left_out: list[Box] = []
        self._gray: NDArray[np.uint8] | None = None
        self._scene: Scene | None = None  # of the last picture that was not dim
        self._seen: Scene | None = None  # of the last picture
        self._wait = 0

    def follow(self, frame: Frame) -> list[Track]:
        """Return the faces in the next frame, the largest first.

        A frame of another size starts again without tracks, with new numbers.
        """
        gap_s = frame.time_s - self._time_s
        self._time_s, self._watch = frame.time_s, Stopwatch()
        if frame.shape != self._shape or not 0 <= gap_s <= _MAX_GAP_S:
            self._forget(frame.shape)
        if 0 in frame.shape:
            self.ignored = []
            return []
        before = self._gray if gap_s <= _MAX_FLOW_GAP_S else None
        after = None
        is_due = self._wait == 0 or (before is None and bool(self._followed))
        if self._followed and before is not None and not is_due:
            with self._watch.stage("track"):
                # converted to gray first: shrinking one channel takes a third of the time
                after = shrink(frame.gray.pixels, self._flow_side_px)
                is_due = self._see_cut(after, is_near=True)
                if not is_due:
                    self._flow(self._followed, before, after)
            lost = sum(face.is_lost for face in self._followed)
            is_due = is_due or (lost > 0 and lost >= _LOST_SHARE * len(self._followed))
        self._wait = max(0, self._wait - 1)
        if is_due:
            after = self._look(frame, before, after)
        self._gray = after if self._followed else None
        tracks = self._tracks(was_detected=is_due)
        surplus = [track.box for track in tracks[self._max_faces :]]
        self.ignored = self._left_out + surplus
        return tracks[: self._max_faces]

    def _look(
        self,
        frame: Frame,
        before: NDArray[np.uint8] | None,
        after: NDArray[np.uint8] | None,
    ) -> NDArray[np.uint8] | None:
        """Run the detector, and match its faces with the tracks.

        Args:
            frame: The frame.
            before: Last gray image; None if the flow cannot use it.
            after: Current gray image, if the flow has already used it.

        Returns:
            The current gray image; None without faces, also past ones.
        """
        with self._watch.stage("detect"):
            side_px = self._detect_side_px
            view = _shrunk(frame, max(self._flow_side_px, side_px)) if side_px else frame.image
            scale = max(view.shape[:2]) / max(frame.shape[:2])
            found = self._detector.detect(view)
            kept = select(found, min_face_px=self._min_face_px * scale, max_faces=self._max_faces)
            self._left_out = [_scaled(box, 1 / scale) for box in left_out(found, kept)]
        with self._watch.stage("track"):
            self._wait = self._every - 1
            self._gone = [face for face in self._gone if self._time_s - face.gone_s <= _RETURN_S]
            if not kept and not self._followed and not self._gone:
                return None
            has_flowed = after is not None
            if after is None:
                after = self._small_gray(frame, view)
                self._see_cut(after, is_near=before is not None)
            scale = max(after.shape) / max(view.shape[:2])
            faces = [Detection(_scaled(face.box, scale), face.score) for face in kept]
            missed, faces = confirm_matches(self._followed, faces, match)
            if missed and before is not None and not has_flowed:
                self._flow(missed, before, after)
                missed, faces = confirm_matches(missed, faces, match)
            missed, faces = confirm_matches(missed, faces, match_nearest)
            self._begin(faces)
            self._end(missed, is_followed=before is not None)
            return after

    def _see_cut(self, after: NDArray[np.uint8], *, is_near: bool) -> bool:
        """Compare a gray image with the last scene; at a cut end all tracks.

        Args:
            after: Current gray image.
            is_near: Whether the last image is so recent that a moving camera cannot explain a
                difference; otherwise only faces that were lost before are affected.

        Returns:
            Whether tracks were ended.
        """
        before, seen = self._scene, scene_of(after, self._time_s)
        self._scene, self._seen = last_scene(before, seen), seen
        if before is None or not is_cut(before, seen):
            return False
        self._scene = seen  # a dim one, too: the new faces belong to it
        ended = self._followed if is_near else []
        for face in ended:
            face.gone_s = self._time_s
        self._gone += ended
        for face in self._gone:
            face.scene = face.scene or before
        if is_near:
            self._followed = []
        return bool(ended)

    def _small_gray(self, frame: Frame, view: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the small gray image; all have the same size for a video."""
        if frame.ready_gray is None and max(view.shape[:2]) <= self._flow_side_px:
            return gray(view)
        return shrink(frame.gray.pixels, self._flow_side_px)

    def _flow(
        self, followed: list[FollowedFace], before: NDArray[np.uint8], after: NDArray[np.uint8]
    ) -> None:
        """Move the tracks by optical flow; sets `is_lost` on failure."""
        most = min(MAX_CORNERS, max(_LEAST_CORNERS, _ALL_CORNERS // len(followed)))
        pairs = []
        for face in followed:
            if face.corners is None:
                face.corners = find_corners(before, face.box, most)
            pairs.append((face.box, face.corners))
        for face, motion in zip(followed, follow(before, after, pairs), strict=True):
            face.is_lost, face.corners = motion is None, None
            if motion is not None:
                face.box, face.corners = motion.box, motion.corners

    def _end(self, missed: list[FollowedFace], *, is_followed: bool) -> None:
        """End the tracks that the detector missed too often, or that the flow has lost."""
        seen = [face.box for face in self._followed if face not in missed]
        for face in missed:
            face.misses += 1
            # a face that was detected only once may have been a false detection
            is_over = face.misses > min(_MAX_MISSES, face.detections - 1)
            is_double = any(overlap(face.box, box) > _DOUBLE_OVERLAP for box in seen)
            if is_over or is_double or face.is_lost or not is_followed:
                face.gone_s = self._time_s
                self._followed.remove(face)
                self._gone.append(face)
            else:
                self._wait = 0

    def _begin(self, faces: list[Detection]) -> None:
        """Add faces without a track: those that return, and new ones."""
        gone = [face for face in self._gone if face.gone_s < self._time_s and self._is_back(face)]
        away, faces = confirm_matches(gone, faces, match)
        self._gone = [face for face in self._gone if face not in gone or face in away]
        self._followed += [face for face in gone if face not in away]
        for face in faces:
            self._last_number += 1
            self._followed.append(FollowedFace(self._last_number, face.box, face.score))

    def _is_back(self, face: FollowedFace) -> bool:
        """Return whether the current picture shows the scene in which a face was lost."""
        return face.scene is None or self._seen is None or not is_cut(face.scene, self._seen)

    def _tracks(self, *, was_detected: bool) -> list[Track]:
        """Return all tracks in frame pixels, the largest first."""
        scale = min(1.0, self._flow_side_px / max(self._shape[:2]))
        tracks = [
            Track(
                face.number,
                _scaled(face.box, 1 / scale),
                face.score,
                was_detected and not face.misses,
            )
            for face in self._followed
        ]
        tracks.sort(key=lambda track: track.box.area, reverse=True)
        return tracks


def open_tracker(
    detector: FaceDetector,
    *,
    every: int = 5,
    min_face_px: float = 0.0,
    max_faces: int = MOST_FACES,
) -> Tracker:
    """Create the tracker for a detector; see `FaceTracker`."""
    if isinstance(detector, WholeFrame):
        return WholeFrameTracker()
    return FaceTracker(detector, every=every, min_face_px=min_face_px, max_faces=max_faces)


def _shrunk(frame: Frame, long_side_px: int) -> NDArray[np.uint8]:
    """Return a frame in BGR, shrunk to a long side."""
    if not isinstance(frame.pixels, np.ndarray):
        size = shrunk_size(frame.shape[0], frame.shape[1], long_side_px)
        small = None if size is None else frame.pixels.resized(*size)
        if small is not None:
            return small
    return shrink(frame.image, long_side_px)


def _scaled(box: Box, factor: float) -> Box:
    return Box(box.left * factor, box.top * factor, box.right * factor, box.bottom * factor)
