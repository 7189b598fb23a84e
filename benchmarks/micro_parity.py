"""Comparison of tflite-micro with LiteRT for each face; needs `fer-edge[micro]`.

    python -m benchmarks.micro_parity --data faces.npz --faces 300

Prints the numbers of faces with equal probabilities and with equal labels.
"""

from pathlib import Path

import click
import numpy as np

from fer_edge.converters.devices.microcontroller import arena_bytes
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.preprocess import model_inputs
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model

from .command import Benchmark, data_option, split_option


@click.command(cls=Benchmark)
@data_option
@split_option
@click.option("--faces", "count", default=300, show_default=True, type=click.IntRange(1))
@click.option("--model", default="tiny", show_default=True, help="Name of an int8 model.")
def main(data: Path, split: str, count: int, model: str) -> None:
    """Print the agreement of labels and probabilities, and the largest difference."""
    from tflite_micro import runtime

    images = load_faceset(data).part(split).images[:count]
    with open_model(find_model(model)) as lite:
        flatbuffer = lite.file.flatbuffer
        micro = runtime.Interpreter.from_bytes(flatbuffer, arena_size=arena_bytes(flatbuffer))
        tensors = [lite.prepare(pixels) for pixels in model_inputs(images, *lite.input_size)]
        wanted = np.stack([lite.invoke(tensor).astype(int) for tensor in tensors])
    answers = []
    for tensor in tensors:
        micro.set_input(tensor, 0)
        micro.invoke()
        answers.append(micro.get_output(0)[0].astype(int))
    got = np.stack(answers)
    steps = np.abs(got - wanted).max(axis=1)
    same_labels = (got.argmax(axis=1) == wanted.argmax(axis=1)).sum()
    print(f"{len(got)} faces: {(steps == 0).sum()} with the same probabilities, ", end="")
    print(f"{same_labels} with the same label; largest difference {steps.max()} of 256 steps")


if __name__ == "__main__":
    main()
