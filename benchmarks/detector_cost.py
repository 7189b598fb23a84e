"""Cost of a detection, compared with the same network in OpenCV.

Prints the median CPU time of one thread, measured in turns, and the peak memory that the first two
detections add in a new process:

    a frame of 320x192         limit: 0.30 of OpenCV's FaceDetectorYN
    a photograph of 1280x960   two passes, as in `fer-edge run`: limit: 0.35
    the network alone          LiteRT's invoke, without writing pixels and decoding

    python -m benchmarks.detector_cost --picture photo.jpg
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.converters.detector.yunet_file import find_yunet
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.pictures.picture import read_picture
from fer_edge.runtime.detection.yunet import PhotoYuNet, YuNet

from .command import PATH, Benchmark

SIZES = {"a frame of 320x192": (192, 320), "a photograph of 1280x960": (960, 1280)}
KINDS = ("opencv", "fer-edge")
BARS = {"a frame of 320x192": 0.30, "a photograph of 1280x960": 0.35}

Detection = Callable[[], object]


@click.command(cls=Benchmark)
@click.option(
    "--picture", type=PATH, required=True, help="Photograph with faces, cropped to both sizes."
)
@click.option("--rounds", default=25, show_default=True, type=click.IntRange(2))
@click.option("--child", hidden=True, help="Measure the memory of one detection: name and kind.")
def main(picture: Path, rounds: int, child: str | None) -> None:
    """Print the medians, the ratios and the peaks."""
    cv2.setNumThreads(1)
    image = read_picture(picture)
    if child is not None:
        _print_memory(image, *json.loads(child))
        return
    for name, size in SIZES.items():
        looks = {kind: make_detection(kind, fitted(image, size), name) for kind in KINDS}
        looks["the network alone"] = make_bare(fitted(image, size))
        times = measure(looks, rounds, 8 if size[0] < 500 else 1)
        ratio = times["fer-edge"] / times["opencv"]
        click.echo(f"{name}, {rounds} rounds, processor time of one thread")
        for kind, median_ms in times.items():
            click.echo(f"  {kind:20}{median_ms:8.3f} ms")
        click.echo(f"  {'ratio':20}{ratio:8.3f}, bar {BARS[name]:g}")
        peaks = {kind: _peak_mb(picture, name, kind) for kind in KINDS}
        click.echo(
            "  memory added        " + ", ".join(f"{k} {v:.1f} MB" for k, v in peaks.items())
        )


def fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Enlarge or shrink an image to fill (height, width), and crop it to that."""
    factor = max(size[0] / image.shape[0], size[1] / image.shape[1])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=method)
    return np.ascontiguousarray(large[: size[0], : size[1]])


def make_detection(kind: str, image: NDArray[np.uint8], name: str) -> Detection:
    """Return a function that detects once on the image."""
    if kind == "opencv":
        size = (image.shape[1], image.shape[0])
        network = cv2.FaceDetectorYN.create(str(find_yunet()), "", size, 0.6, 0.3, 5000)
        return lambda: network.detect(image)
    detector = YuNet() if "photograph" not in name else PhotoYuNet()
    return lambda: detector.detect(image)


def make_bare(image: NDArray[np.uint8]) -> Detection:
    """Return a function that runs the network at the image's size, a multiple of its stride."""
    file = read_detector(bundled_detectors()["yunet"])
    interpreter = open_interpreter(
        find_runtime(),
        file.flatbuffer,
        name=str(file.path),
        threads=1,
        origin=file.origin,
        input_shape=(1, *image.shape),
    )
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
    invoke: Detection = interpreter.invoke
    return invoke


def measure(looks: dict[str, Detection], rounds: int, repeats: int) -> dict[str, float]:
    """Return the median CPU time of each function in milliseconds, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, look in looks.items():
            started = time.process_time()
            for _ in range(repeats):
                look()
            times[name].append(1e3 * (time.process_time() - started) / repeats)
    return {name: float(np.median(samples)) for name, samples in times.items()}


def _print_memory(image: NDArray[np.uint8], name: str, kind: str) -> None:
    # the interpreter's library is not counted: the classifier needs it, too
    from fer_edge.inference.runtime import find_runtime

    find_runtime()
    image = fitted(image, SIZES[name])
    before = _peak_now_mb()
    look = make_detection(kind, image, name)
    look()
    look()
    print(_peak_now_mb() - before)


def _peak_now_mb() -> float:
    """Return the peak resident memory of this process in MB (proc(5), VmHWM)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return 1024 * int(peak) / 1e6


def _peak_mb(picture: Path, name: str, kind: str) -> float:
    command = (sys.executable, "-m", "benchmarks.detector_cost", "--picture", str(picture))
    command += ("--child", json.dumps([name, kind]))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
