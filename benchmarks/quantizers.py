"""Comparison of the TensorFlow Lite converter and ai-edge-quantizer: one run, all number formats.

Each file is compared with the run's float32 file on the whole validation split, and timed in one
thread, in turns. Calibration faces are those of `fer-edge convert`, including the black and the
white picture. Latency is the time of setting the input and one inference; figures of x86-64 are not
representative of ARM.

    python -m benchmarks.quantizers --run runs/best --data faces.npz --keep conv1
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.converters.quantization.activation_ranges import activation_ranges
from fer_edge.converters.quantization.calibration import choose_calibration
from fer_edge.converters.quantization.probe import Grid
from fer_edge.converters.quantization.selective import quantize_flatbuffer
from fer_edge.converters.quantization.tflite import to_dynamic, to_float32, to_int8, to_int16x8
from fer_edge.converters.sources.keras_models import load_float_network
from fer_edge.errors import FerEdgeError
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.runfolder import load_info
from fer_edge.scoring.scores import compare, score

from .command import PATH, Benchmark, data_option


@click.command(cls=Benchmark)
@click.option("--run", type=PATH, required=True, help="A finished run folder.")
@data_option
@click.option(
    "--keep", multiple=True, help="Also keep this layer as float32, and as int16; repeatable."
)
@click.option("--calibration-faces", default=512, show_default=True)
@click.option(
    "--rounds", default=30, show_default=True, help="Rounds of timing, of 20 inferences each."
)
def main(run: Path, data: Path, keep: tuple[str, ...], calibration_faces: int, rounds: int) -> None:
    """Print accuracy, agreement with float32, size and latency of each file."""
    faces, size_px = load_faceset(data), load_info(run).size_px
    validation = faces.part("validation")
    pixels = model_inputs(validation.images, size_px, size_px)
    calibration, _ = choose_calibration(
        faces.part("train"), count=calibration_faces, seed=0, height=size_px, width=size_px
    )
    servers = {}
    for name, make in recipes(load_float_network(run), calibration, keep).items():
        try:
            servers[name] = Server(name, make())
        except (FerEdgeError, ValueError, RuntimeError) as error:
            print(f"{name:34} not possible: {str(error).splitlines()[0]}")
    for server in servers.values():
        server.answer(pixels)
    reference = servers["float32"].probabilities
    for _ in range(rounds):
        for server in servers.values():
            server.time(pixels[:20])
    print(f"{len(pixels)} faces, {calibration_faces} for calibration, {find_runtime().name}")
    print(f"{'':34} {'accuracy':>8} {'difference, points':>22} {'agrees':>7} {'MB':>6} {'ms':>6}")
    for name, server in servers.items():
        agreement = compare(server.probabilities, reference, validation.labels)
        low, high = (100 * value for value in agreement.interval)
        print(
            f"{name:34} {score(server.probabilities, validation.labels).accuracy:8.2%} "
            f"{100 * agreement.difference:+6.2f} [{low:+.2f}, {high:+.2f}] "
            f"{agreement.top1:7.2%} {server.size_bytes / 1e6:6.2f} {server.median_ms:6.3f}"
        )


def recipes(
    network: Any, calibration: NDArray[np.uint8], keep: tuple[str, ...]
) -> dict[str, Callable[[], bytes]]:
    """Return the function that creates each file, by its name in the table."""
    from ai_edge_quantizer import recipe

    floating = to_float32(network)
    ranges = activation_ranges(floating, calibration)
    clipped = activation_ranges(floating, calibration, percentile=99.99)
    signature = {"serving_default": [{"face": as_real(face)[np.newaxis]} for face in calibration]}

    def by_quantizer(plan: Any) -> bytes:
        from ai_edge_quantizer import quantizer

        with without_chatter():  # hides its progress bars
            work = quantizer.Quantizer(floating, plan)
            found = work.calibrate(signature, num_threads=1) if work.need_calibration else None
            return bytes(work.quantize(found, enable_progress_report=False).quantized_model)

    made: dict[str, Callable[[], bytes]] = {
        "float32": lambda: floating,
        "int8, converter": lambda: to_int8(network, calibration),
        "int8, quantizer as it is": lambda: by_quantizer(recipe.static_wi8_ai8()),
        "int8, quantizer, our ranges": lambda: quantize_flatbuffer(floating, ranges),
        "int8, quantizer, clipped 99.99": lambda: quantize_flatbuffer(floating, clipped),
        "int16x8, converter": lambda: to_int16x8(network, calibration),
        "int16x8, quantizer": lambda: by_quantizer(recipe.static_wi8_ai16()),
        "dynamic int8, converter": lambda: to_dynamic(network),
        "dynamic int8, quantizer": lambda: by_quantizer(recipe.dynamic_wi8_afp32()),
        "dynamic int4, quantizer": lambda: by_quantizer(recipe.dynamic_wi4_afp32()),
        "weight-only int8, quantizer": lambda: by_quantizer(recipe.weight_only_wi8_afp32()),
        "weight-only int4, quantizer": lambda: by_quantizer(recipe.weight_only_wi4_afp32()),
    }
    for layer in keep:
        made[f"int8, {layer} float32"] = lambda layer=layer: quantize_flatbuffer(
            floating, ranges, keep_float=[layer]
        )
        made[f"int8, {layer} int16"] = lambda layer=layer: quantize_flatbuffer(
            floating, ranges, keep_int16=[layer]
        )
    return made


class Server:
    """An open model file, its outputs and its times."""

    def __init__(self, name: str, flatbuffer: bytes) -> None:
        self.size_bytes = len(flatbuffer)
        self.probabilities = np.empty((0, 0), np.float32)
        self._interpreter = open_interpreter(
            find_runtime(), flatbuffer, name=name, threads=1, origin="memory"
        )
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._times_ms: list[float] = []

    @property
    def median_ms(self) -> float:
        """Median time of all inferences, in milliseconds."""
        return float(np.median(self._times_ms))

    def answer(self, pixels: NDArray[np.uint8]) -> None:
        """Classify all faces, and store the result in `probabilities`."""
        self.probabilities = np.stack([self._probabilities(face) for face in pixels])

    def time(self, pixels: NDArray[np.uint8]) -> None:
        """Time one inference of each face."""
        for tensor in [self._prepare(face) for face in pixels]:
            start = time.perf_counter()
            self._interpreter.set_tensor(self._input["index"], tensor)
            self._interpreter.invoke()
            self._times_ms.append(1000 * (time.perf_counter() - start))

    def _prepare(self, face: NDArray[np.uint8]) -> NDArray[Any]:
        real, dtype = as_real(face)[np.newaxis], self._input["dtype"]
        return real if dtype == np.float32 else grid_of(self._input).quantize(real).astype(dtype)

    def _probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], self._prepare(face))
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._output["index"])[0]
        if raw.dtype == np.float32:
            return np.asarray(raw)
        return grid_of(self._output).dequantize(raw).astype(np.float32)


def grid_of(details: Any) -> Grid:
    kind = np.iinfo(details["dtype"])
    scale, zero_point = details["quantization"]
    return Grid(float(scale), int(zero_point), int(kind.min), int(kind.max))


if __name__ == "__main__":
    main()
