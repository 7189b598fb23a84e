"""Comparison of a model file with its card, as far as possible without faces."""

from pathlib import Path

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.evaluation.evaluation import card_score, fit_scaling, unscaled_probabilities
from fer_edge.faces.faceset import FaceSet
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.file import ModelFile, read_model
from fer_edge.model.graph import Graph, read_graph
from fer_edge.scoring.scores import are_probabilities

_INPUT_TYPES = {
    "float32": ("FLOAT32",),
    "float16": ("FLOAT32",),
    "dynamic": ("FLOAT32",),
    "int8": ("UINT8", "INT8", "FLOAT32"),  # foreign files may quantize inside the graph
    "int16x8": ("INT16", "FLOAT32"),
}

SCORE_TOLERANCE = 0.002
"""Tolerance of a score, as a share of the faces: kernels of another CPU round differently."""

TEMPERATURE_TOLERANCE = 0.02
"""Tolerance of a temperature that is fitted again on the same faces."""


def faults_of_path(path: Path, faces: FaceSet | None = None) -> tuple[str, ...]:
    """Read a model file and list its faults; the list is empty for a sound file.

    The digest and `labels.txt` are checked first; if they are wrong, nothing else is checked.

    Args:
        path: The file.
        faces: Face set of the card's scores; the model is scored on it again, which reveals a card
            that belongs to another model, and labels in another order.

    Raises:
        DatasetError: The faces have other classes, or no validation split.
    """
    try:
        file = read_model(path)
        faults = card_faults(file)
        if not faults and file.card.compilation is None:  # a compiled file needs its device
            TFLiteModel(file).close()
            if faces is not None:
                faults = _score_faults(file, faces)
    except ModelError as error:
        return (str(error),)
    return tuple(f"{path}: {fault}" for fault in faults)


def card_faults(file: ModelFile) -> tuple[str, ...]:
    """List the contradictions between card and graph.

    Raises:
        ModelError: The graph is damaged.
    """
    graph = read_graph(file.flatbuffer)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return (
            f"the graph has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
            "expected one of each",
        )
    checks = (_input_fault, _output_fault, _scheme_fault, _cost_fault)
    return tuple(fault for check in checks if (fault := check(file, graph)))


def try_outputs(file: ModelFile) -> str:
    """Run a foreign model on noise.

    Returns:
        A description of the outputs if they are not probabilities, else an empty text.

    Raises:
        ModelError: The model cannot be run, contradicts its card, or produces values that are not
            finite.
    """
    random = np.random.default_rng(0)
    with TFLiteModel(file) as model:
        faces = random.integers(0, 256, (4, *model.input_shape), np.uint8)
        outputs = model.probabilities_of(faces)
    if not np.isfinite(outputs).all():
        raise ModelError(
            f"{file.path} produces values that are not finite on noise; look for weights that are "
            "NaN or too large, and convert the source network again"
        )
    if are_probabilities(outputs):
        return ""
    last = read_graph(file.flatbuffer).operators[-1].name
    return (
        f"its outputs ({outputs.min():.3g} to {outputs.max():.3g}, from the operator {last}) "
        "are not probabilities that add up to 1"
    )


def _score_faults(file: ModelFile, faces: FaceSet) -> tuple[str, ...]:
    card = file.card
    claimed = card.served_score()
    if claimed is None:
        return ("the card has no scores to compare with; convert the model again",)
    validation = faces.in_class_order(card.labels).part("validation")
    probabilities, floor = unscaled_probabilities(file, validation)
    found = card_score("served", probabilities, validation)
    if found.n != claimed.n or abs(found.accuracy - claimed.accuracy) > SCORE_TOLERANCE:
        return (
            f"its accuracy is {found.accuracy:.2%} on {found.n:,} validation faces, the card "
            f"states {claimed.accuracy:.2%} on {claimed.n:,}",
        )
    scaling = card.temperature_scaling
    if scaling is None or (scaling.split, scaling.digest) != ("validation", validation.digest):
        return ()  # fitted on other faces
    if found.calibration_error is None:
        return (
            "the card has a temperature, but the outputs are not probabilities; convert the source "
            "network instead: fer-edge convert",
        )
    fitted = fit_scaling(probabilities, validation, floor=floor).value
    if abs(fitted - scaling.value) <= TEMPERATURE_TOLERANCE:
        return ()
    return (
        f"the temperature {fitted:.3f} fits the validation faces, the card states "
        f"{scaling.value:.3f}; fit it again: fer-edge card calibrate",
    )


def _input_fault(file: ModelFile, graph: Graph) -> str:
    spec, shape = file.card.input, graph.inputs[0].shape
    wanted = (1, spec.height, spec.width, spec.channels)
    return "" if shape == wanted else f"the input is {shape}, the card states {wanted}"


def _output_fault(file: ModelFile, graph: Graph) -> str:
    output, labels = graph.outputs[0], file.card.labels
    if output.shape != (1, len(labels)):
        return f"the output is {output.shape}, the card has {len(labels)} labels: " + ", ".join(
            labels
        )
    if output.has_real_values:
        return ""
    return (
        f"the output is {output.dtype.lower()}, expected float32, or uint8, int8 or int16 "
        "with one scale; convert the source network again"
    )


def _scheme_fault(file: ModelFile, graph: Graph) -> str:
    """Compare the type of the input; inner tensors may have other types."""
    scheme, dtype = file.card.quantization.scheme, graph.inputs[0].dtype
    wanted = _INPUT_TYPES[scheme]
    if dtype in wanted:
        return ""
    return (
        f"the card states {scheme}, which reads {' or '.join(wanted).lower()}; the input is "
        f"{dtype.lower()}"
    )


def _cost_fault(file: ModelFile, graph: Graph) -> str:
    card = file.card
    if card.compilation is not None:  # the operators are inside one that cannot be parsed
        return ""
    if (card.parameters, card.macs) == (graph.parameters, graph.macs):
        return ""
    return (
        f"the graph has {graph.parameters:,} parameters and {graph.macs:,} MACs, the card "
        f"states {card.parameters:,} and {card.macs:,}"
    )
