"""YuNet's ONNX file as convolutions and their connections.

Wu et al. 2023, doi:10.1007/s11633-023-1423-y; the file is face_detection_yunet_2023mar.onnx of the
OpenCV Zoo. Its landmarks are left out. The three other outputs of a stride become one output with
six channels, each scaled to -1 to 1: there is no nonlinearity between the two convolutions of a
head, so scales and offsets can be merged into weights and biases.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import read_limited
from fer_edge.errors import ModelError
from fer_edge.require import require
from fer_edge.schema import SchemaError
from fer_edge.shown import printable

STRIDES = (8, 16, 32)
INPUT = "input"
_OPERATORS = ("Conv", "Relu", "MaxPool", "Resize", "Add")
_PARTS = ("bbox", "cls", "obj")
_MOST_BYTES = 16 << 20
"""Size of the file; YuNet has 230 KB."""
_NEXT_STEP = "pass YuNet's face_detection_yunet_2023mar.onnx"


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution with its bias.

    Attributes:
        weights: float32, (outputs, inputs / groups, height, width).
        bias: float32, (outputs,).
        groups: 1, or the number of channels.
        stride: Stride in both directions.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    groups: int = 1
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of the network's body.

    Attributes:
        operator: Conv, Relu, MaxPool (of 2), Resize (nearest, by 2) or Add.
        inputs: Names of its input tensors.
        output: Name of its output tensor.
        convolution: Parameters of a Conv.
    """

    operator: str
    inputs: tuple[str, ...]
    output: str
    convolution: Convolution | None = None


@dataclass(frozen=True, slots=True)
class DetectionHead:
    """The convolutions of one stride that produce boxes, class and objectness.

    Attributes:
        source: Name of the input tensor.
        point: 1x1, to six channels.
        depth: 3x3, depthwise.
    """

    source: str
    point: Convolution
    depth: Convolution

    def scaled(
        self, peaks: NDArray[np.float32], scales: NDArray[np.float32], offsets: NDArray[np.float32]
    ) -> "DetectionHead":
        """Return a head with the outputs (original - offset) / scale.

        Args:
            peaks: float32, (6,): divisors of the outputs of `point`, so that they share one range.
            scales: float32, (6,).
            offsets: float32, (6,).
        """
        rows = peaks[:, np.newaxis, np.newaxis, np.newaxis]
        factors = (peaks / scales)[:, np.newaxis, np.newaxis, np.newaxis]
        return replace(
            self,
            point=replace(
                self.point, weights=self.point.weights / rows, bias=self.point.bias / peaks
            ),
            depth=replace(
                self.depth,
                weights=self.depth.weights * factors,
                bias=(self.depth.bias - offsets) / scales,
            ),
        )


@dataclass(frozen=True, slots=True)
class YuNetSource:
    """Content of the file.

    Attributes:
        path: Path of the file.
        sha256: Sha256 of the file.
        steps: Body of the network, in order.
        heads: One for each of `STRIDES`.
    """

    path: Path
    sha256: str
    steps: tuple[Step, ...]
    heads: tuple[DetectionHead, ...]


def read_yunet(path: Path) -> YuNetSource:
    """Read YuNet's ONNX file.

    Raises:
        ModelError: The file cannot be read, or contains another network.
        MissingExtraError: The package onnx is not installed.
    """
    onnx = require("train", "onnx", what="reading an .onnx file")
    try:
        content = read_limited(path, _MOST_BYTES)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}; {_NEXT_STEP}") from error
    except SchemaError as error:
        raise ModelError(f"{path} is not YuNet: {error}; {_NEXT_STEP}") from error
    try:
        graph = onnx.load_model_from_string(content).graph
        for item in graph.initializer:
            if item.data_location == onnx.TensorProto.EXTERNAL:  # onnx would read any file
                raise ValueError(f"its array {item.name} lies in another file")
        values = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
        nodes = [
            _read_node(onnx, node, values) for node in graph.node if node.op_type in _OPERATORS
        ]
        named = {
            node.input[1]: step
            for node, step in zip(
                (node for node in graph.node if node.op_type in _OPERATORS), nodes, strict=True
            )
            if step.operator == "Conv"
        }
        heads = tuple(_read_head(named, level) for level in range(len(STRIDES)))
    except KeyError as error:  # the name of a weight
        raise ModelError(
            f"{path} is not YuNet: it has no {printable(error.args[0], 200)}; {_NEXT_STEP}"
        ) from error
    except Exception as error:  # protobuf and onnx raise their own types for a damaged file
        raise ModelError(f"{path} is not YuNet ({printable(error, 200)}); {_NEXT_STEP}") from error
    in_heads = {name for name in named if name.startswith("bbox_head.")}
    outputs = {named[name].output for name in in_heads}
    steps = tuple(step for step in nodes if step.output not in outputs)
    _check(path, steps, heads)
    return YuNetSource(path, hashlib.sha256(content).hexdigest(), steps, heads)


def _read_node(onnx: Any, node: Any, values: dict[str, NDArray[np.float32]]) -> Step:
    inputs = tuple(name for name in node.input if name not in values)
    if node.op_type != "Conv":
        return Step(node.op_type, inputs[: 2 if node.op_type == "Add" else 1], node.output[0])
    found = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    convolution = Convolution(
        values[node.input[1]], values[node.input[2]], found["group"], found["strides"][0]
    )
    return Step("Conv", inputs, node.output[0], convolution)


def _read_head(named: dict[str, Step], level: int) -> DetectionHead:
    """Merge the convolutions for boxes, class and objectness, which read the same tensor."""
    pairs = []
    for part in _PARTS:
        prefix = f"bbox_head.multi_level_{part}.{level}"
        pairs.append((named[f"{prefix}.conv1.weight"], named[f"{prefix}.conv2.weight"]))
    (source,) = {point.inputs[0] for point, _ in pairs}
    point, depth = (_joined([pair[at].convolution for pair in pairs]) for at in (0, 1))
    return DetectionHead(source, point, replace(depth, groups=len(depth.bias)))


def _joined(convolutions: list[Convolution | None]) -> Convolution:
    given = [one for one in convolutions if one is not None]
    return Convolution(
        np.concatenate([one.weights for one in given]), np.concatenate([one.bias for one in given])
    )


def _check(path: Path, steps: tuple[Step, ...], heads: tuple[DetectionHead, ...]) -> None:
    known = {INPUT}
    for step in steps:
        missing = set(step.inputs) - known
        if missing:
            raise ModelError(
                f"{path} is not YuNet: {step.operator} reads {', '.join(sorted(missing))}, which "
                f"no earlier operator produces; {_NEXT_STEP}"
            )
        known.add(step.output)
    for stride, head in zip(STRIDES, heads, strict=True):
        shape = head.depth.weights.shape
        if head.source not in known or shape != (6, 1, 3, 3):
            raise ModelError(
                f"{path} is not YuNet: the output of stride {stride} comes from weights of {shape},"
                f" expected (6, 1, 3, 3); {_NEXT_STEP}"
            )
