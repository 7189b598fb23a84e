"""A file of a conversion with its scores; importing it does not import TensorFlow."""

from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.model.card import CardScore
from fer_edge.scoring.scores import Agreement
from fer_edge.scoring.temperature import TemperatureScaling

from .analysis.layer_report import LayerReport


@dataclass(frozen=True, slots=True)
class Converted:
    """A variant with its scores.

    Attributes:
        path: Path of the file.
        flatbuffer: Its content without the card.
        size_bytes: Size of the file.
        score: Scores on the validation faces, through the served path.
        agreement: Agreement with the float network.
        temperature: Temperature in the card; None if the file was not written, for too few faces,
            or if the outputs are not probabilities.
        fault: Reason why the file was not written; empty if it was.
        can_run: Whether the runtime can run it; if not, its scores have no meaning.
        float_operators: Operators that an integer file still computes in floating point.
        layers: Error of each layer of an int8 file, also of one that was not written; None without
            `Options.layer_report`, or if it could not be made (see the log).
        target_reports: Text of each of `Options.targets` about the files that it created; a target
            whose tool is not installed has none.
    """

    path: Path
    flatbuffer: bytes = field(repr=False)
    size_bytes: int
    score: CardScore
    agreement: Agreement
    temperature: TemperatureScaling | None = None
    fault: str = ""
    can_run: bool = True
    float_operators: tuple[str, ...] = ()
    layers: LayerReport | None = None
    target_reports: tuple[str, ...] = ()

    @property
    def is_int8(self) -> bool:
        """Whether it is a full-integer int8 file, for which layer report and targets are made."""
        return self.path.stem.endswith(("-int8-ptq", "-int8-qat"))
