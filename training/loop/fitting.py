"""One epoch of the float stage with `model.fit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backend.devices import device_count
from ..backend.keras3 import keras
from ..backend.processes import own_rows, process_count
from ..reporting.progress import EpochBar
from .jax_epoch import fit_in_jax, fits_in_jax
from .lessons import Lessons
from .repeated_views import RepeatedViews
from .resident import EpochInputs, epoch_inputs


def fit_epoch(
    model: Any,
    lessons: Lessons,
    number: int,
    bar: EpochBar | None = None,
    views: RepeatedViews | None = None,
) -> dict[str, float]:
    """Train one epoch, from 1; return loss, accuracy and top3.

    Each epoch has its own order, so that a resumed run sees the same orders. Several devices get
    equal shares, and JAX only gets whole batches: the remaining faces are skipped in this pass.
    Each process feeds its own share.
    """
    inputs, wanted, weights = _passes(lessons, number, views)
    if fits_in_jax(model):
        batch_size = min(lessons.batch_size, len(lessons.targets))
        return fit_in_jax(model, inputs, wanted, weights, batch_size=batch_size, bar=bar)
    mine = own_rows(len(wanted), lessons.batch_size)
    with _unaveraged(model.optimizer) as keep:
        fitted = model.fit(
            {name: values[mine] for name, values in inputs.items()},
            wanted[mine],
            sample_weight=weights[mine],
            batch_size=lessons.batch_size // process_count(),
            shuffle=False,
            verbose=0,
            callbacks=[keep, *([bar] if bar else [])],
        ).history
    return {name: float(values[0]) for name, values in fitted.items()}


def _passes(lessons: Lessons, number: int, views: RepeatedViews | None) -> EpochInputs:
    """Return the inputs, targets and weights of all passes of an epoch, one after the other."""
    random = np.random.default_rng((lessons.seed, number))
    count = len(lessons.targets)
    used = count - count % _feeding_unit(count, lessons.batch_size)
    parts = []
    for done in range(lessons.passes):
        order = random.permutation(count)[:used]
        if views is not None:
            parts.append(views.pass_inputs((number - 1) * lessons.passes + done, order))
            continue
        parts.append(
            epoch_inputs(order, lessons.targets, lessons.weights, lessons.augmentation, random)
        )
    inputs, wanted, weights = zip(*parts, strict=True)
    return (
        {name: np.concatenate([part[name] for part in inputs]) for name in inputs[0]},
        np.concatenate(wanted),
        np.concatenate(weights),
    )


def _feeding_unit(faces: int, batch_size: int) -> int:
    """Return the number of which the faces of an epoch must be a multiple.

    A smaller last batch is another program for JAX, which takes up to a minute to compile on a GPU.
    """
    if keras.backend.backend() == "jax" and faces >= batch_size:
        return batch_size
    return device_count()


@contextmanager
def _unaveraged(optimizer: Any) -> Iterator[Any]:
    """Yield a callback that keeps `fit` from replacing the weights with their averages at its end.

    `fit` does this after its last epoch, and here every epoch is a separate `fit`.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    averages = inner.use_ema

    def hide(epoch: int, logs: object) -> None:
        inner.use_ema = False

    try:
        yield keras.callbacks.LambdaCallback(on_epoch_end=hide)
    finally:
        inner.use_ema = averages
