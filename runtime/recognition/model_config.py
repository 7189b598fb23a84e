"""The part of a run's configuration for the model, and a model to compare it with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.cli.needs import Needs
from fer_edge.cli.option_fields import check_ranges, is_library_path, option
from fer_edge.limits import MOST_THREADS
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models

if TYPE_CHECKING:
    from fer_edge.inference.model import TFLiteModel

SERVED_FIELDS = ("model", "threads", "delegate")
"""Options that `demo` also has."""


def _is_model_file(text: str) -> bool:
    return bool(Path(text).suffix) or text not in bundled_models()


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The expression model."""

    model: str = option(
        "--model",
        default=DEFAULT_MODEL,
        shows_default=True,
        metavar="NAME|FILE",
        is_place=_is_model_file,
        help="A bundled model, or a .tflite file from fer-edge convert.",
    )
    threads: int = option(
        "--threads",
        default=1,
        at_least=1,
        at_most=MOST_THREADS,
        shows_default=True,
        metavar="N",
        help="Number of CPU threads per inference; one is enough for a small model.",
    )
    delegate: str | None = option(
        "--delegate",
        metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
        is_place=is_library_path,
        help="TFLite delegate that runs the model instead of the CPU: any Coral Edge TPU "
        "(edgetpu), the first one on USB (edgetpu:usb:0), or the shared library of another "
        "delegate. The model must be compiled for it, see fer-edge convert --edgetpu.",
    )
    compare: str | None = option(
        "--compare",
        metavar="FILE",
        is_place=_is_model_file,
        help="Another model, such as the float one, that classifies a sample of the same crops; "
        "agreement, differences and both latencies are reported every minute and at the "
        "end.",
    )
    compare_every: int = option(
        "--compare-every",
        default=20,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="Interval of the sample: the model of --compare classifies every Nth crop.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "model")

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        files = [name for name in (self.model, self.compare) if name and _is_model_file(name)]
        if self.delegate is not None and is_library_path(self.delegate):
            files.append(self.delegate)
        return Needs(
            reads=tuple(map(Path, files)),
            accelerator=self.delegate is not None,
        )


def open_chosen_model(model: ModelConfig) -> "TFLiteModel":
    """Open the model.

    Raises:
        ModelError: The model is damaged, altered or of another kind.
    """
    from fer_edge.inference.model import open_model
    from fer_edge.model.bundled import find_model

    return open_model(find_model(model.model), threads=model.threads, delegate=model.delegate)
