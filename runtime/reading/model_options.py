"""The options that choose a model; `run` and `demo` share them."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fer_edge.interpreter import TFLiteModel


def model_options(command: Any) -> Any:
    """Add the options that choose a model and how it is run."""
    for option in (
        click.option(
            "--delegate",
            metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
            help="Run the model elsewhere than on the CPU: edgetpu is any Coral Edge TPU, "
            "edgetpu:usb:0 the first on USB, edgetpu:pci:0 the first on PCIe; or another TFLite "
            "delegate's shared library. The model must be compiled for it (fer-edge convert "
            "--edgetpu); faces are always found on the CPU.",
        ),
        click.option(
            "--threads",
            default=1,
            show_default=True,
            type=click.IntRange(1, 64),
            help="CPU threads of one inference; one is enough for a small model.",
        ),
        click.option(
            "--model",
            default="four-block",
            show_default=True,
            metavar="NAME|FILE",
            help="A bundled model, or a .tflite file made by fer-edge convert.",
        ),
    ):
        command = option(command)
    return command


def open_chosen_model(options: dict[str, Any]) -> "TFLiteModel":
    """Open the model that the options name.

    Raises:
        ModelError: The model is broken, altered or not what it says.
    """
    from fer_edge.bundled import find_model
    from fer_edge.interpreter import open_model

    return open_model(
        find_model(options["model"]), threads=options["threads"], delegate=options["delegate"]
    )
