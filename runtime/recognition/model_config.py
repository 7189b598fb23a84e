"""The part of a run's configuration that chooses the model, and one to compare it with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.cli.needs import Needs
from fer_edge.cli.option_fields import check_ranges, is_library_path, option
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models

if TYPE_CHECKING:
    from fer_edge.inference.model import TFLiteModel

SERVED_FIELDS = ("model", "threads", "delegate")
"""Those that `demo` has, too."""


def _is_model_file(text: str) -> bool:
    return bool(Path(text).suffix) or text not in bundled_models()


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The model that reads faces."""

    model: str = option(
        "--model",
        default=DEFAULT_MODEL,
        shows_default=True,
        metavar="NAME|FILE",
        is_place=_is_model_file,
        help="A bundled model, or a .tflite file made by fer-edge convert.",
    )
    threads: int = option(
        "--threads",
        default=1,
        at_least=1,
        at_most=64,
        shows_default=True,
        metavar="N",
        help="CPU threads of one inference; one is enough for a small model.",
    )
    delegate: str | None = option(
        "--delegate",
        metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
        is_place=is_library_path,
        help="Run the model elsewhere than on the CPU: on any Coral Edge TPU (edgetpu), on the "
        "first on USB (edgetpu:usb:0), or by another TFLite delegate's shared library. The model "
        "must be compiled for it, see fer-edge convert --edgetpu.",
    )
    compare: str | None = option(
        "--compare",
        metavar="FILE",
        is_place=_is_model_file,
        help="Let another model, such as the float one, read a sample of the same crops, and "
        "report agreement, differences and both latencies each minute and at the end.",
    )
    compare_every: int = option(
        "--compare-every",
        default=20,
        at_least=1,
        shows_default=True,
        metavar="N",
        help="The model of --compare reads every Nth crop.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "model")

    def needs(self) -> Needs:
        """Say what it asks of the system."""
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
        ModelError: The model is broken, altered or not what it says.
    """
    from fer_edge.inference.model import open_model
    from fer_edge.model.bundled import find_model

    return open_model(find_model(model.model), threads=model.threads, delegate=model.delegate)
