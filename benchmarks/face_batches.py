"""Cost of several faces of a frame in one call, compared with one call each.

Eight faces are classified in calls of one, two, four and eight faces, each by a separate
interpreter, in turns. Prints the CPU time per face, including input and output, and whether the
results are equal.

    python -m benchmarks.face_batches --model compact --model tiny
"""

import time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model

from .command import Benchmark

FACES, BATCHES = 8, (1, 2, 4, 8)


class Batch:
    """An interpreter of a model with a given batch size."""

    def __init__(self, model: str, faces: int) -> None:
        file = read_model(find_model(model))
        spec = file.card.input
        self._faces = faces
        self._interpreter: Any = open_interpreter(
            find_runtime(),
            file.flatbuffer,
            name=model,
            threads=1,
            origin=file.origin,
            input_shape=(faces, spec.height, spec.width, spec.channels),
        )
        (self._input,) = self._interpreter.get_input_details()
        (output,) = self._interpreter.get_output_details()
        self._output = output["index"]

    def numbers(self) -> NDArray[Any]:
        """Return random inputs for eight faces, in the model's data type."""
        shape, dtype = (FACES, *self._input["shape"][1:]), np.iinfo(self._input["dtype"])
        return np.random.default_rng(0).integers(dtype.min, dtype.max + 1, shape, dtype.dtype)

    def read(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Classify all faces; return the raw outputs."""
        results = []
        for start in range(0, len(numbers), self._faces):
            self._interpreter.set_tensor(self._input["index"], numbers[start:][: self._faces])
            self._interpreter.invoke()
            results.append(self._interpreter.get_tensor(self._output))
        return np.concatenate(results)


@click.command(cls=Benchmark)
@click.option("--model", "models", multiple=True, default=("compact", "tiny"), show_default=True)
@click.option("--rounds", default=40, show_default=True, type=click.IntRange(2))
def main(models: tuple[str, ...], rounds: int) -> None:
    """Print the median per face for each batch size."""
    for model in models:
        batches = {faces: Batch(model, faces) for faces in BATCHES}
        numbers = batches[1].numbers()
        alone = batches[1].read(numbers)
        same = all(np.array_equal(batch.read(numbers), alone) for batch in batches.values())
        times: dict[int, list[float]] = {faces: [] for faces in BATCHES}
        for _ in range(rounds):
            for faces, batch in batches.items():
                started = time.process_time()
                batch.read(numbers)
                times[faces].append(1e3 * (time.process_time() - started) / FACES)
        medians = {faces: float(np.median(samples)) for faces, samples in times.items()}
        click.echo(f"{model}: results are {'equal' if same else 'different'}")
        for faces, median_ms in medians.items():
            click.echo(
                f"  {faces} in a call {median_ms:.3f} ms a face, {median_ms / medians[1]:.3f}"
            )


if __name__ == "__main__":
    main()
