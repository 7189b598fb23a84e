"""Results of measurements, and their amount, as values shared by probes and report."""

from dataclasses import dataclass

from fer_edge.errors import ConfigError
from fer_edge.evaluation.evaluation import Evaluation
from fer_edge.limits import MOST_THREADS
from fer_edge.ranges import check_range
from fer_edge.scoring.scores import Agreement

from .cold_start import ColdStart
from .detector_look import DetectorLook
from .disagreements import Disagreement
from .end_to_end import EndToEnd
from .latency import Latency
from .machine_limit import MachineLimit


@dataclass(frozen=True, slots=True)
class Plan:
    """Amount of measurements.

    Attributes:
        threads: Thread counts.
        rounds: Rounds of latency; in each, every model runs in turn.
        cold_starts: Fresh processes for each model and thread count; the median is used.
        passes: Passes of each video with each model and thread count, each in a fresh process; as
            many at a camera's rate.
    """

    threads: tuple[int, ...] = (1,)
    rounds: int = 10
    cold_starts: int = 3
    passes: int = 3

    def check(self) -> None:
        """Reject a plan that cannot be measured; one that was read from a report is not checked.

        Raises:
            ConfigError: `threads` is empty, or a number is out of range.
        """
        if not isinstance(self.threads, tuple | list) or not self.threads:
            raise ConfigError(
                f"'threads' is {self.threads!r:.80}, expected a tuple of thread counts, such as "
                "(1, 2)"
            )
        for count in self.threads:
            check_range("threads", count, 1, MOST_THREADS, is_whole=True)
        for name in ("rounds", "cold_starts", "passes"):
            check_range(name, getattr(self, name), 1, is_whole=True)

    def steps(self, models: int, clips: int = 0) -> int:
        """Return the number of calls of `on_step` by `benchmark`."""
        return self.rounds + self.cold_starts + self.passes * clips + models


@dataclass(frozen=True, slots=True)
class Timing:
    """One file at one thread count.

    Attributes:
        threads: CPU threads.
        start: Loading, first inference, memory.
        steady: Latency after warm-up.
        macs_per_second: Multiply-accumulates per second at the median; None if unknown.
        share_of_limit: Share of the speed of one large int8 convolution in the same rounds, 0 to 1;
            None if it was not measured.
    """

    threads: int
    start: ColdStart
    steady: Latency
    macs_per_second: float | None
    share_of_limit: float | None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """Measurements of one file.

    Attributes:
        path: Path as given.
        name: Name from its card; otherwise the stem of the file.
        numbers: Number format: float32, int8 ptq, ...; "float32 keras"; "no card".
        size_bytes: Size of the file.
        parameters: Weights and biases in the graph; None for a Keras network that was not opened,
            and for a file without a card if LiteRT, which parses graphs, is not installed.
        macs: Multiply-accumulates of one inference; None for a Keras network, and as above.
        xnnpack: Whether XNNPACK runs the graph, or part of it; None if unknown.
        timings: One per thread count; empty for a Keras network.
        evaluation: Scores on the face set; None without a face set or a card.
        agreement: Agreement with the reference model; None for the reference itself, or without
            one.
        arm64_instructions: Guest instructions of one inference under qemu, which are not a time;
            None if not given.
    """

    path: str
    name: str
    numbers: str
    size_bytes: int
    parameters: int | None
    macs: int | None
    xnnpack: bool | None
    timings: tuple[Timing, ...]
    evaluation: Evaluation | None
    agreement: Agreement | None
    arm64_instructions: int | None = None

    def timing(self, threads: int) -> Timing | None:
        """Return the timing at a thread count; None if it was not measured."""
        return next((item for item in self.timings if item.threads == threads), None)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All measurements.

    Attributes:
        models: Models in the given order.
        disagreements: For each model, the faces on which it disagrees with the reference, the most
            certain first.
        reference: Index of the reference model; None without one.
        limits: Practical limit of the machine, one per thread count; empty if not measured.
        end_to_end: Results of the videos.
        looks: Cost of one detection on each video.
        no_limits: Reason why there are no limits; None if there are.
    """

    models: tuple[ModelResult, ...]
    disagreements: tuple[tuple[Disagreement, ...], ...]
    reference: int | None
    limits: tuple[MachineLimit, ...]
    end_to_end: tuple[EndToEnd, ...] = ()
    looks: tuple[DetectorLook, ...] = ()
    no_limits: str | None = None
