"""The options of `fer-edge run` that say how a face is read, and the reader made of them."""

from typing import Any

from fer_edge.bundled import find_model

from .detection import FaceDetector
from .frame import Source
from .model_options import model_options
from .reading import Reader


def reading_options(command: Any) -> Any:
    """Add the options."""
    return model_options(command)


def open_chosen_reader(options: dict[str, Any], detector: FaceDetector, source: Source) -> Reader:
    """Open the model that the options name, and what reads the source's frames with it.

    Raises:
        ModelError: The model is broken, altered or not what it says.
    """
    from fer_edge.interpreter import open_model

    model = open_model(
        find_model(options["model"]), threads=options["threads"], delegate=options["delegate"]
    )
    return Reader(model, detector)
