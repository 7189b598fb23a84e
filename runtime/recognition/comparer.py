"""Comparison of the served model with the float one during a run, on a sample of the crops."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.inference.model import TFLiteModel, open_model

from ..timing.latency_histogram import LatencyHistogram

WARM_UP_RUNS = 3
"""The first inferences of a model are slower: kernels pack the weights, caches are cold."""


@dataclass(frozen=True, slots=True)
class ModelLatency:
    """Latency of one face in one model, including input and output, in milliseconds."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of two models on the same crops, each at its card's temperature.

    Attributes:
        reference: File of the other model.
        seen: Number of crops that the served model classified.
        compared: Number of them that the other model also classified.
        agreement: Share of these with the same most probable expression.
        mean_difference: Mean absolute difference of the probabilities, over crops and expressions.
        largest_difference: Largest absolute difference.
        served: Latency of the served model on these crops.
        other: Latency of the other model.
    """

    reference: Path
    seen: int
    compared: int
    agreement: float
    mean_difference: float
    largest_difference: float
    served: ModelLatency
    other: ModelLatency

    def describe(self) -> str:
        """Format it in two lines."""
        if not self.compared:
            return f"against {self.reference}: no face was classified"
        served, other = self.served, self.other
        return (
            f"against {self.reference}: {self.compared:,} of {self.seen:,} crops compared, "
            f"agreement {self.agreement:.2%}, probabilities differ by {self.mean_difference:.4f} "
            f"on average, {self.largest_difference:.4f} at most\n"
            f"latency of a face, median (p95): {served.median_ms:.2f} ({served.p95_ms:.2f}) ms "
            f"here, {other.median_ms:.2f} ({other.p95_ms:.2f}) ms there"
        )


class Comparer:
    """Runs another model on every Nth crop and keeps statistics; its memory does not grow."""

    def __init__(self, model: TFLiteModel, served: TFLiteModel, *, every: int = 20) -> None:
        """Store both models.

        Args:
            model: Other model, usually the float one; closed by `close`.
            served: Model to compare with it.
            every: Interval: the first crop and every Nth after it.

        Raises:
            ModelError: The two models' expressions differ.
        """
        self._model = model
        self.check(served)
        self._every = every
        self._seen = self._compared = self._same = 0
        self._sum = self._largest = 0.0
        self._served_ms, self._other_ms = LatencyHistogram(), LatencyHistogram()
        for opened in (served, model):
            for _ in range(WARM_UP_RUNS):
                opened.probabilities(np.zeros(opened.input_shape, np.uint8))

    @property
    def channels(self) -> int:
        """Number of channels of the crops for the other model."""
        return self._model.input_shape[2]

    def check(self, served: TFLiteModel) -> None:
        """Reject a served model that cannot be compared.

        Raises:
            ModelError: The two models' expressions differ.
        """
        if self._model.labels != served.labels:
            raise ModelError(
                f"{self._model.file.path} has the labels {', '.join(self._model.labels)} and "
                f"cannot be compared with {served.file.path.name}, which has "
                f"{', '.join(served.labels)}; pass the float file of the same run"
            )

    def take(
        self,
        face: NDArray[np.uint8],
        probabilities: NDArray[np.float32],
        served_ms: float,
        levels: NDArray[np.uint8] | None = None,
    ) -> None:
        """Compare one crop, if it is due.

        Args:
            face: uint8, (any height, any width[, 3 or 4]), crop.
            probabilities: float32, (classes,), result of the served model.
            served_ms: Its latency, in milliseconds.
            levels: As in `TFLiteModel.input_of`.
        """
        turn = self._seen % self._every == 0
        self._seen += 1
        if not turn:
            return
        pixels = self._model.input_of(face, levels)
        started = time.perf_counter()
        theirs = self._model.probabilities(pixels)
        self._other_ms.add(1e3 * (time.perf_counter() - started))
        self._served_ms.add(served_ms)
        self._compared += 1
        if not np.isfinite(theirs).all():  # no answer: counts as another one
            return
        gaps = np.abs(probabilities - theirs)
        self._same += int(probabilities.argmax() == theirs.argmax())
        self._sum += float(gaps.mean())
        self._largest = max(self._largest, float(gaps.max()))

    def result(self) -> Comparison:
        """Return the statistics so far; NaN if nothing was compared."""
        n = self._compared or float("nan")
        return Comparison(
            reference=self._model.file.path,
            seen=self._seen,
            compared=self._compared,
            agreement=self._same / n,
            mean_difference=self._sum / n,
            largest_difference=self._largest if self._compared else float("nan"),
            served=_latency(self._served_ms),
            other=_latency(self._other_ms),
        )

    def close(self) -> None:
        """Release the other model."""
        self._model.close()


def open_comparer(path: Path, served: TFLiteModel, *, every: int = 20) -> Comparer:
    """Open the model to compare with; see `Comparer`.

    Raises:
        ModelError: It is damaged, altered, or has other expressions.
    """
    model = open_model(path, threads=served.threads)
    try:
        return Comparer(model, served, every=every)
    except BaseException:
        model.close()
        raise


def _latency(histogram: LatencyHistogram) -> ModelLatency:
    return ModelLatency(histogram.percentile_ms(50), histogram.percentile_ms(95))
