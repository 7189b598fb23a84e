"""Many steps as one program on a GPU: JAX loops over the batches, not Python.

With `fit`, JAX gets hundreds of variables for every step and returns them, and Keras wraps each of
them again. On a fast GPU that takes longer than the step itself. Here the variables cross the
border once per `CHUNK` steps, and all batches are in device memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.devices import device_count
from ..backend.keras3 import keras
from ..reporting.progress import EpochBar
from .sharpness import SharpnessAware

CHUNK = 64
"""Steps between two updates of the progress bar."""

_LOOP = "_fer_edge_loop"
"""Attribute of a model with its compiled loop, which is freed with it."""


def fits_in_jax(model: Any) -> bool:
    """Return whether `fit_in_jax` is faster than `fit`, and can train this model.

    On a CPU, XLA computes convolutions inside a loop with one thread.
    """
    if keras.backend.backend() != "jax" or isinstance(model, SharpnessAware):
        return False
    import jax

    return jax.default_backend() != "cpu" and device_count() == 1


def fit_in_jax(
    model: Any,
    inputs: dict[str, NDArray[Any]],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    *,
    batch_size: int,
    bar: EpochBar | None = None,
) -> dict[str, float]:
    """Train on all batches, and return the mean loss, accuracy and top3.

    Args:
        model: Compiled Keras model whose optimizer is built.
        inputs: Inputs of the model; n rows each, in the order of training.
        targets: (n, classes), targets.
        weights: (n,), weights in the loss.
        batch_size: Faces per step; n must be a multiple of it.
        bar: Progress bar.
    """
    import jax

    steps = len(targets) // batch_size
    batches = jax.tree_util.tree_map(
        lambda rows: jax.numpy.asarray(rows.reshape(steps, batch_size, *rows.shape[1:])),
        (inputs, targets, weights),
    )
    variables = changed_variables(model)
    state = [[variable.value for variable in group] for group in variables]
    totals = jax.numpy.zeros(3)
    if bar:
        bar.set_params({"steps": steps})
        bar.on_train_begin()
    for first in range(0, steps, CHUNK):
        end = min(first + CHUNK, steps)
        state, totals = loop(model)(state, totals, batches, first, end)
        if bar and bar.bar is not None:  # reading the totals waits for the steps
            bar.on_train_batch_end(end - 1, _means(totals, end))
    assign_values(variables, state)
    means = _means(totals, steps)
    if bar:
        bar.on_train_end()
    return means


def loop(model: Any) -> Any:
    """Return the compiled function that trains on the batches from `first` up to `end`.

    It gets the values of `changed_variables`, totals, batches and both numbers, and returns new
    values and totals. The memory of the values is used again.
    """
    import jax

    if not hasattr(model, _LOOP):
        step = _step_of(model)

        def run(state: Any, totals: Any, batches: Any, first: int, end: int) -> Any:
            def body(number: Any, carried: Any) -> Any:
                batch = jax.tree_util.tree_map(lambda rows: rows[number], batches)
                return step(*carried, batch)

            return jax.lax.fori_loop(first, end, body, (state, totals))

        setattr(model, _LOOP, jax.jit(run, donate_argnums=0))
    return getattr(model, _LOOP)


def changed_variables(model: Any) -> tuple[Any, Any, Any]:
    """Return weights, other variables and those of the optimizer, as lists of Keras variables."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
    )


def assign_values(groups: Any, values_of_groups: Any) -> None:
    """Give the variables of `changed_variables` their new values."""
    for group, values in zip(groups, values_of_groups, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)


def _step_of(model: Any) -> Any:
    """Return a pure function: one step of Keras's guide "Writing a custom train step in JAX"."""
    import jax

    def step(state: Any, totals: Any, batch: Any) -> Any:
        (trainable, others, optimizer), (inputs, targets, weights) = state, batch
        gradient = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
        (_, (loss, said, others, _)), downhill = gradient(
            trainable,
            others,
            [],  # metrics, which are `totals` here
            inputs,
            targets,
            weights,
            training=True,
            optimizer_variables=optimizer,
        )
        trainable, optimizer = model.optimizer.stateless_apply(optimizer, downhill, trainable)
        new = [list(trainable), list(others), list(optimizer)]
        # the loop needs the types that it began with
        new = jax.tree_util.tree_map(lambda value, old: value.astype(old.dtype), new, state)
        return new, totals + _scores(loss, said, targets)

    return step


def _scores(loss: Any, said: Any, targets: Any) -> Any:
    """Return loss, accuracy and top-3 accuracy of a batch, as Keras's metrics compute them."""
    ops = keras.ops
    label = ops.argmax(targets, axis=-1)
    of_label = ops.take_along_axis(said, label[:, None], axis=-1)
    above = ops.sum(ops.cast(said > of_label, "int32"), axis=-1)
    first = ops.cast(ops.argmax(said, axis=-1) == label, "float32")
    top3 = ops.cast(above < min(3, said.shape[-1]), "float32")
    return ops.stack([ops.cast(loss, "float32"), ops.mean(first), ops.mean(top3)])


def _means(totals: Any, steps: int) -> dict[str, float]:
    loss, accuracy, top3 = (float(total) / steps for total in np.asarray(totals))
    return {"loss": loss, "accuracy": accuracy, "top3": top3}
