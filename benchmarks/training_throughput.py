"""Does the input pipeline limit training? Images per second of an epoch and of the train step.

The real epoch is that of `fer-edge train`: shuffled row numbers, faces gathered and augmented on
the device, and the progress bar, without validation and saving. The bare step is the same model's
train step, compiled in the same way, on one batch in device memory. Both run in turns, since the
speed of a shared machine drifts. If it drifts too much, and there is no GPU, `--clock processor`
measures the CPU time of this process, which other processes hardly affect.

    python -m benchmarks.training_throughput --recipe four-block-cosine
    KERAS_BACKEND=jax python -m benchmarks.training_throughput --recipe tiny-clean
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from fer_edge.chatter import without_chatter
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.training.backend.keras3 import keras
from fer_edge.training.backend.precision import learning_copy
from fer_edge.training.loop.fitting import fit_epoch
from fer_edge.training.loop.float_stage import build_training
from fer_edge.training.loop.jax_epoch import (
    CHUNK,
    assign_values,
    changed_variables,
    fits_in_jax,
    loop,
)
from fer_edge.training.loop.lessons import plan_lessons
from fer_edge.training.loop.resident import epoch_inputs
from fer_edge.training.recipes.recipe import load_recipe
from fer_edge.training.reporting.progress import EpochBar
from fer_edge.training.targets.targets import training_faces

from .command import PATH, Benchmark

WANTED = 0.9
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


@click.command(cls=Benchmark)
@click.option("--recipe", "name", default="four-block-cosine", show_default=True)
@click.option("--data", type=PATH, help="Face set; default: noise.")
@click.option(
    "--faces", default=4096, show_default=True, help="Number of faces of noise, without --data."
)
@click.option("--batch-size", type=click.IntRange(1), help="Batch size, instead of the recipe's.")
@click.option("--precision", help="Precision, instead of the recipe's.")
@click.option(
    "--clock",
    type=click.Choice(list(CLOCKS)),
    default="wall",
    show_default=True,
    help="Measure wall time, or CPU time of this process.",
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(
    name: str,
    data: Path | None,
    faces: int,
    batch_size: int | None,
    precision: str | None,
    clock: str,
    rounds: int,
) -> None:
    """Print both rates and their ratio; exit with 1 if the ratio is below 0.9."""
    recipe = load_recipe(name, batch_size=batch_size, precision=precision)
    every = load_faceset(data) if data else noise(faces)
    train = training_faces(every, without_non_faces=recipe.drop_non_faces)
    with without_chatter():
        keras.utils.set_random_seed(recipe.seed)
    network = recipe.network.build(keras, size_px=recipe.size_px, classes=len(train.class_names))
    lessons = plan_lessons(recipe, every, train, teachers=())
    model = build_training(recipe, learning_copy(network, recipe.precision), train, lessons)
    steps = len(lessons.pictures) // recipe.batch_size
    random = np.random.default_rng(0)
    order = random.permutation(len(lessons.pictures))[: recipe.batch_size]
    inputs, wanted, weights = epoch_inputs(
        order, lessons.targets, lessons.weights, recipe.augmentation, random
    )
    run_steps = bare_steps(model, (inputs, wanted, weights))

    real_rates, bare_rates = [], []
    for number in range(rounds + 1):
        bar = EpochBar(f"round {number}/{rounds}", epochs_after=rounds - number, last_epoch_s=None)
        started = CLOCKS[clock]()
        fit_epoch(model, lessons, number + 1, bar)
        between = CLOCKS[clock]()
        run_steps(steps)
        real_s, bare_s = between - started, CLOCKS[clock]() - between
        if number:  # the first round compiles
            real_rates.append(len(lessons.pictures) / real_s)
            bare_rates.append(steps * recipe.batch_size / bare_s)
    ratio = statistics.median(a / b for a, b in zip(real_rates, bare_rates, strict=True))
    print(
        f"{name}, {recipe.precision}, batches of {recipe.batch_size}, "
        f"{len(lessons.pictures)} pictures, {rounds} rounds in turn; "
        f"Keras {keras.__version__} on {keras.backend.backend()}, "
        f"{', '.join(keras.distribution.list_devices()) if on_jax() else platform.machine()}\n"
    )
    unit = "images/s" if clock == "wall" else "images/cpu-s"
    print(f"{unit:<18}{'median':>10}{'least':>10}{'most':>10}")
    for label, rates in (("real epoch", real_rates), ("bare train step", bare_rates)):
        middle = statistics.median(rates)
        print(f"{label:<18}{middle:>10,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}")
    print(f"\nratio, median of the rounds: {ratio:.2f} (expected: at least {WANTED})")
    sys.exit(int(ratio < WANTED))


def noise(count: int) -> FaceSet:
    """Return a face set of noise, with training faces only."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, 48, 48), np.uint8)
    labels = np.arange(count) % len(FER2013)
    return FaceSet(images, labels.astype(np.uint8), np.zeros(count, np.uint8), FER2013)


def on_jax() -> bool:
    return bool(keras.backend.backend() == "jax")


def bare_steps(model: Any, batch: Any) -> Callable[[int], None]:
    """Return a function that runs a number of train steps on one batch and waits for the end."""
    resident = keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
    if fits_in_jax(model):
        return looped_steps(model, resident)
    if on_jax():
        return jax_steps(model, resident)
    step = model.train_step
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        step = tf.function(step, jit_compile=model.jit_compile)

    def run(count: int) -> None:
        for _ in range(count):
            logs = step(resident)
        float(logs["loss"])

    return run


def looped_steps(model: Any, resident: Any) -> Callable[[int], None]:
    """Return such a function for JAX on a GPU, where a program runs many steps."""
    import jax

    def run(count: int) -> None:
        groups = changed_variables(model)
        state = [[variable.value for variable in group] for group in groups]
        totals = jax.numpy.zeros(3)
        batches = jax.tree_util.tree_map(
            lambda rows: jax.numpy.broadcast_to(rows, (count, *rows.shape)), resident
        )
        for first in range(0, count, CHUNK):
            end = min(first + CHUNK, count)
            state, totals = loop(model)(state, totals, batches, first, end)
        float(totals[0])
        assign_values(groups, state)

    return run


def jax_steps(model: Any, resident: Any) -> Callable[[int], None]:
    """Return such a function for JAX on a CPU, whose step gets and returns the state."""
    import jax

    step = jax.jit(model.train_step, donate_argnums=0)

    def run(count: int) -> None:
        variables = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        state = tuple([variable.value for variable in group] for group in variables)
        for _ in range(count):
            logs, state = step(state, resident)
        float(logs["loss"])
        assign_values(variables, state)

    return run


if __name__ == "__main__":
    main()
