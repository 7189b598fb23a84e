"""What was measured, as values, and how much is measured: both sides of a report know them."""

from dataclasses import dataclass

from fer_edge.evaluation.evaluation import Evaluation
from fer_edge.scoring.scores import Agreement

from .cold_start import ColdStart
from .detector_look import DetectorLook
from .disagreements import Disagreement
from .end_to_end import EndToEnd
from .latency import Latency
from .machine_limit import MachineLimit


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        threads: Thread counts.
        rounds: Of latency, see `measure_in_rounds`.
        cold_starts: Fresh processes for each model and thread count; the median counts.
        passes: Of each video with each model and thread count, each in a fresh process; as many
            at a camera's pace.
    """

    threads: tuple[int, ...] = (1,)
    rounds: int = 10
    cold_starts: int = 3
    passes: int = 3

    def steps(self, models: int, clips: int = 0) -> int:
        """Return how often `benchmark_models` calls `on_step`."""
        return self.rounds + self.cold_starts + self.passes * clips + models


@dataclass(frozen=True, slots=True)
class Timing:
    """One file at one thread count.

    Attributes:
        threads: CPU threads.
        start: Loading, first inference, memory.
        steady: Latency after the warm-up.
        macs_per_second: Multiply-accumulates per second, at the median; None where they are not
            known.
        share_of_limit: Of what one large int8 convolution reaches in the same rounds, 0 to 1; None
            where that was not measured.
    """

    threads: int
    start: ColdStart
    steady: Latency
    macs_per_second: float | None
    share_of_limit: float | None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What was measured of one file.

    Attributes:
        path: The file, as it was named.
        name: From its card; the file's stem where it has none.
        numbers: float32, int8 ptq, ...; "float32 keras"; "no card".
        size_bytes: Of the file.
        parameters: Weights and biases in the graph; None for a Keras network that was not opened,
            and for a file without a card where LiteRT is not installed, which reads graphs.
        macs: Multiply-accumulates of one inference; None for a Keras network, and as above.
        xnnpack: Whether XNNPACK runs the graph, or part of it; None where unknown.
        timings: One per thread count; none of a Keras network.
        evaluation: On the face set; None without a face set or a card.
        agreement: With the reference model; None for itself, or where there is none.
        arm64_instructions: Guest instructions of one inference under qemu, which are not a time;
            None where none were given.
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


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All that was measured.

    Attributes:
        models: In the order in which they were named.
        disagreements: For each model, the faces that it reads otherwise than the reference, those
            first of which the two are surest.
        reference: Index of the model that agreement is taken against; None without one.
        limits: The machine's practical limit, one per thread count; none where it was not measured.
        end_to_end: What the videos gave.
        looks: What a look of the detector at each video costs.
        no_limits: Why there are no limits; None where there are.
    """

    models: tuple[ModelResult, ...]
    disagreements: tuple[tuple[Disagreement, ...], ...]
    reference: int | None
    limits: tuple[MachineLimit, ...]
    end_to_end: tuple[EndToEnd, ...] = ()
    looks: tuple[DetectorLook, ...] = ()
    no_limits: str | None = None
