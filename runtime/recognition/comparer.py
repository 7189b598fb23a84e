"""The float model beside the served one, on a sample of the same crops, while they run."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.inference.model import TFLiteModel, open_model

from ..timing.latency_histogram import LatencyHistogram

WARM_UP_RUNS = 3
"""The first inferences of a model are slower: kernels pack the weights, caches fill."""


@dataclass(frozen=True, slots=True)
class ModelLatency:
    """Latency of one face through one model, input and output included, in milliseconds."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same crops, each as it is served, at its card's temperature.

    Attributes:
        reference: The other model's file.
        seen: Crops that the served model read.
        compared: How many of them the other model read, too.
        agreement: Share of these on which both find the same expression most probable.
        mean_difference: Mean absolute difference of a probability, over crops and expressions.
        largest_difference: The largest of any.
        served: Latency of the served model on these crops.
        other: Of the other one.
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
        """Say it in two lines."""
        if not self.compared:
            return f"against {self.reference}: no face was read"
        served, other = self.served, self.other
        return (
            f"against {self.reference}: {self.compared:,} of {self.seen:,} crops compared, "
            f"agreement {self.agreement:.2%}, probabilities differ by {self.mean_difference:.4f} "
            f"on average, {self.largest_difference:.4f} at most\n"
            f"latency of a face, median (p95): {served.median_ms:.2f} ({served.p95_ms:.2f}) ms "
            f"here, {other.median_ms:.2f} ({other.p95_ms:.2f}) ms there"
        )


class Comparer:
    """Lets another model read every Nth crop and keeps count; its memory does not grow."""

    def __init__(self, model: TFLiteModel, served: TFLiteModel, *, every: int = 20) -> None:
        """Take both models.

        Args:
            model: The other model, usually the float one; closed by `close`.
            served: The model that is compared with it.
            every: It reads the first crop and every Nth after it.

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
        """Channels of the crops that the other model wants to see."""
        return self._model.input_shape[2]

    def check(self, served: TFLiteModel) -> None:
        """Refuse a served model that cannot be compared.

        Raises:
            ModelError: The two models' expressions differ.
        """
        if self._model.labels != served.labels:
            raise ModelError(
                f"{self._model.file.path} reads {', '.join(self._model.labels)} and cannot be "
                f"compared with {served.file.path.name}, which reads {', '.join(served.labels)}; "
                "pass the float file of the same run"
            )

    def take(
        self, face: NDArray[np.uint8], probabilities: NDArray[np.float32], served_ms: float
    ) -> None:
        """Compare one crop, if it is its turn.

        Args:
            face: uint8, (any height, any width[, 3 or 4]), the crop.
            probabilities: float32, (classes,), what the served model says of it.
            served_ms: How long that took, in milliseconds.
        """
        turn = self._seen % self._every == 0
        self._seen += 1
        if not turn:
            return
        pixels = self._model.input_of(face)
        started = time.perf_counter()
        theirs = self._model.probabilities(pixels)
        self._other_ms.add(1e3 * (time.perf_counter() - started))
        self._served_ms.add(served_ms)
        gaps = np.abs(probabilities - theirs)
        self._compared += 1
        self._same += int(probabilities.argmax() == theirs.argmax())
        self._sum += float(gaps.mean())
        self._largest = max(self._largest, float(gaps.max()))

    def result(self) -> Comparison:
        """Return what was found so far; NaN where nothing was compared."""
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
        """Free the other model."""
        self._model.close()


def open_comparer(path: Path, served: TFLiteModel, *, every: int = 20) -> Comparer:
    """Open the model to compare with; see `Comparer`.

    Raises:
        ModelError: It is broken, altered, or reads other expressions.
    """
    model = open_model(path, threads=served.threads)
    try:
        return Comparer(model, served, every=every)
    except BaseException:
        model.close()
        raise


def _latency(histogram: LatencyHistogram) -> ModelLatency:
    return ModelLatency(histogram.percentile_ms(50), histogram.percentile_ms(95))
