"""Editing of a card, and a new card for a foreign `.tflite` file.

Measured and computed values (scores, agreement, digest, parameters, data) cannot be edited, so that
a card stays trustworthy.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Literal

from fer_edge import __version__
from fer_edge.errors import ConfigError, ModelError
from fer_edge.files import UNREADABLE_ARCHIVE
from fer_edge.model.card import (
    UNKNOWN_LICENSE,
    UNKNOWN_LIMITS,
    InputSpec,
    ModelCard,
    Quantization,
)
from fer_edge.model.graph import Graph, Tensor, read_graph
from fer_edge.schema import decode, encode, nearest

Scheme = Literal["float32", "float16", "dynamic", "int8", "int16x8"]

_RANDOM = ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL")
_PIXEL_TYPES = ("FLOAT32", "UINT8", "INT8", "INT16")
TEXT_KEYS = ("name", "intended_use", "limits", "license")
NUMBER_KEYS = ("input.crop.side", "input.crop.center_x", "input.crop.center_y")
LIGHT = "input.light"
EDITABLE = (*TEXT_KEYS, *NUMBER_KEYS, LIGHT)
"""Editable keys of a card."""


def edit_card(
    card: ModelCard, settings: Mapping[str, str], labels: Sequence[str] | None = None
) -> ModelCard:
    """Change a card.

    Args:
        card: The card.
        settings: Values by key of `EDITABLE`, as text.
        labels: New class names in output order, or None.

    Raises:
        ConfigError: A key cannot be edited, a value is wrong, or the labels do not match.
    """
    data = encode(card)
    for key, text in settings.items():
        if key not in EDITABLE:
            raise ConfigError(_refuse(key))
        if key == LIGHT and card.scores:
            raise ConfigError(
                f"the card's scores were measured with {key} {card.input.light}; convert the "
                "network again: fer-edge convert --light"
            )
        place, (*path, last) = data, key.split(".")
        for part in path:
            place = place[part]
        place[last] = _number(key, text) if key in NUMBER_KEYS else text
    try:
        card = decode(ModelCard, data)
        return card if labels is None else _rename_labels(card, tuple(labels))
    except (ValueError, ConfigError, ModelError) as error:  # includes SchemaError
        raise ConfigError(f"this change to the card is not possible: {error}") from error


def bare_flatbuffer(data: bytes, name: str) -> bytes:
    """Return the flatbuffer of a file without a fer-edge card; other appended archives are removed.

    Raises:
        ModelError: It already has a card, or the appended archive is damaged.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
    except UNREADABLE_ARCHIVE as error:
        raise ModelError(
            f"{name} is damaged: the archive at its end cannot be read; copy it again"
        ) from error
    if any(item.filename == "fer_edge.json" for item in items):
        raise ModelError(f"{name} already has a card; change it with: fer-edge card edit")
    return data[: min((item.header_offset for item in items), default=len(data))]


def new_card(
    flatbuffer: bytes,
    labels: Sequence[str],
    *,
    name: str,
    architecture: str = "unknown",
    license: str = UNKNOWN_LICENSE,
    input_range: tuple[float, float] | None = None,
    channels: int | None = None,
    color_order: Literal["rgb", "bgr"] = "rgb",
) -> ModelCard:
    """Create a card for a foreign model; shapes, range and cost come from the graph.

    Args:
        flatbuffer: The TFLite model.
        labels: Classes in output order.
        name: Name of the model.
        architecture: Architecture of the network.
        license: License of weights and data.
        input_range: Real values of a black and a white pixel. Required for float32 and int16, since
            only the graph of an 8-bit model contains them: the ends of its input tensor, which
            clips a wider range.
        channels: Number of channels stated by the user, or None; the graph contains it.
        color_order: Order of three channels.

    Raises:
        ModelError: The graph is damaged, does not have exactly one picture of a fixed size as input
            and one output, or computes with random numbers; without the file's name.
        ConfigError: Labels or channels have another number than the graph's, the range is missing,
            or a text cannot be in a card; also without the file's name.
    """
    graph = read_graph(flatbuffer)
    tensor = _picture_input(graph, channels)
    minimum, maximum = _input_range(tensor, input_range)
    _check_count(labels, graph.outputs[0].shape)
    spec = InputSpec(
        height=tensor.shape[1],
        width=tensor.shape[2],
        channels=tensor.shape[3],
        minimum=minimum,
        maximum=maximum,
        color_order=color_order,
    )
    quantization = _quantization(graph)
    try:
        return ModelCard(
            name=name,
            architecture=architecture,
            labels=tuple(labels),
            input=spec,
            quantization=quantization,
            parameters=graph.parameters,
            macs=graph.macs,
            sha256="",  # set by pack_model
            tools=(f"card attached by fer-edge {__version__}",),
            limits=UNKNOWN_LIMITS,
            license=license,
        )
    except ModelError as error:  # the user's texts
        raise ConfigError(str(error)) from error


def _check_count(labels: Sequence[str], outputs: tuple[int, ...]) -> None:
    if len(outputs) == 2 and outputs[1] != len(labels):
        raise ConfigError(
            f"got {len(labels)} labels ({', '.join(labels)}), expected {outputs[1]}, one for each "
            "output"
        )


def _picture_input(graph: Graph, channels: int | None) -> Tensor:
    """Return the only input, which accepts pictures."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"the file has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
            "expected one of each"
        )
    random = sorted({item.name for item in graph.operators if item.name in _RANDOM})
    if random:
        raise ModelError(
            f"the file computes with random numbers ({', '.join(random)}), such as those of "
            "dropout in training mode; convert the source network again, in inference mode"
        )
    tensor = graph.inputs[0]
    if tensor.dtype not in _PIXEL_TYPES:
        raise ModelError(
            f"the input is {tensor.dtype.lower()}, expected "
            f"{', '.join(_PIXEL_TYPES[:-1]).lower()} or {_PIXEL_TYPES[-1].lower()}"
        )
    if len(tensor.shape) != 4:
        raise ModelError(f"the input is {tensor.shape}, expected (1, height, width, channels)")
    if {1, 2} & set(tensor.open_axes):
        raise ModelError(
            "the input accepts pictures of any size; convert the source network again, with a "
            "fixed size"
        )
    found = tensor.shape[3]
    if found not in (1, 3):
        raise ModelError(f"the input {tensor.shape} has {found} channels, expected 1 or 3")
    if channels not in (None, found):
        raise ConfigError(
            f"the input {tensor.shape} has {found} channels, expected {channels}, as --channels "
            "states"
        )
    if min(tensor.shape[1:3]) < 2:
        raise ModelError(
            f"the input {tensor.shape} is a picture of {tensor.shape[2]}x{tensor.shape[1]} pixels, "
            "in which no face can be seen"
        )
    return tensor


def _quantization(graph: Graph) -> Quantization:
    """Derive the scheme from the types of the weights, whatever the input's type is."""
    counts: dict[Scheme, int] = {}
    for types, count in graph.weight_types().items():
        scheme = _scheme(*types)
        counts[scheme] = counts.get(scheme, 0) + count
    dtype = graph.inputs[0].dtype
    if dtype != "FLOAT32":
        return Quantization("int16x8" if dtype == "INT16" else "int8", "unknown")
    if set(counts) - {"float32"}:  # small layers often stay float32
        counts.pop("float32", None)
    scheme = max(counts, key=lambda item: counts[item], default="float32")
    return Quantization(scheme, "none" if scheme in ("float32", "float16") else "unknown")


def _scheme(activations: str, weights: str) -> Scheme:
    if activations == "INT16":
        return "int16x8"
    if activations != "FLOAT32":
        return "int8"
    if weights == "FLOAT16":
        return "float16"
    return "float32" if weights == "FLOAT32" else "dynamic"


def _input_range(tensor: Tensor, stated: tuple[float, float] | None) -> tuple[float, float]:
    dtype = tensor.dtype.lower()
    if dtype != "float32" and not (tensor.scales and tensor.zero_points and tensor.scales[0] > 0):
        raise ModelError(
            f"the input is {dtype} without a scale and a zero point, so its values have no known "
            "meaning; convert the source network again, with a float32 or a quantized input"
        )
    lowest = {"uint8": 0, "int8": -128}.get(dtype)
    if lowest is None:  # int16 reaches below black
        if stated is None:
            raise ConfigError(
                f"the input is {dtype}, so the file does not contain the values of a black and a "
                "white pixel; state them: --input-range 0,1 or -1,1"
            )
        return stated
    scale, zero_point = tensor.scales[0], tensor.zero_points[0]
    # a float32 scale of 1/255 times 255 is 1 except for the last bits
    low = round(scale * (lowest - zero_point), 6)
    high = round(scale * (lowest + 255 - zero_point), 6)
    if stated is None:
        return low, high
    # black and white are the ends of the tensor's range, except for the rounding of its zero
    # point
    if max(abs(low - stated[0]), abs(high - stated[1])) <= 1.01 * scale:
        return low, high
    return stated  # compared with the tensor when the model is opened


def _refuse(key: str) -> str:
    root = key.partition(".")[0]
    if root == "labels":
        return "change labels with --labels a,b,c"
    if root in ("temperature", "temperature_scaling"):
        return f"'{key}' is fitted, not edited; run: fer-edge card calibrate FILE --data faces.npz"
    near = nearest(key, EDITABLE)
    if not near and root in {field.name for field in fields(ModelCard)}:
        return (
            f"'{key}' is measured, computed or recorded, not edited; editable keys: "
            f"{', '.join(EDITABLE)}"
        )
    advice = f"did you mean '{near}'?" if near else f"keys: {', '.join(EDITABLE)}"
    return f"unknown key '{key}'; {advice}"


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"'{key}' is '{text}', expected a number") from error


def _rename_labels(card: ModelCard, labels: tuple[str, ...]) -> ModelCard:
    if len(labels) != len(card.labels):
        raise ConfigError(
            f"got {len(labels)} labels, expected {len(card.labels)}: {', '.join(card.labels)}"
        )
    moved = [
        label
        for i, label in enumerate(labels)
        if label in card.labels and card.labels.index(label) != i
    ]
    if moved and card.scores:
        raise ConfigError(
            f"label '{moved[0]}' would move to another output, but the card's scores were "
            "measured in the old order; change names, not their order"
        )
    return replace(card, labels=labels)


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Split KEY=VALUE arguments.

    Raises:
        ConfigError: A pair has no equals sign, or a key occurs twice.
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise ConfigError(
                f"'{pair}' does not have the form KEY=VALUE, for example name=my-model"
            )
        if key in settings:
            raise ConfigError(f"'{key}' is set twice")
        settings[key] = text
    return settings
