"""The options that choose a model; `run` and `demo` share them."""

from typing import TYPE_CHECKING, Any

import click

from fer_edge.bundled import DEFAULT_MODEL

if TYPE_CHECKING:
    from fer_edge.interpreter import TFLiteModel


MODEL_OPTIONS = (
    click.Option(
        ["--model"],
        default=DEFAULT_MODEL,
        show_default=True,
        metavar="NAME|FILE",
        help="A bundled model, or a .tflite file made by fer-edge convert.",
    ),
    click.Option(
        ["--threads"],
        default=1,
        show_default=True,
        type=click.IntRange(1, 64),
        metavar="N",
        help="CPU threads of one inference; one is enough for a small model.",
    ),
    click.Option(
        ["--delegate"],
        metavar="edgetpu[:usb|:pci][:N]|LIBRARY",
        help="Run the model elsewhere than on the CPU: on any Coral Edge TPU (edgetpu), on the "
        "first on USB (edgetpu:usb:0), or by another TFLite delegate's shared library. The model "
        "must be compiled for it, see fer-edge convert --edgetpu.",
    ),
)


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
