"""The convolutions of a TF.js graph model, a JSON of nodes and binary shards, without its code.

`weightsManifest` lists the arrays in the order of their bytes: name, shape, type, and for
compressed ones the encoding (float16, or 8 and 16 bits with scale and minimum). The nodes are those
of a TensorFlow graph. The package `tensorflowjs` is not used, since it pins old versions of
TensorFlow and JAX; only plain chains of convolutions, as in a backbone, are supported.
"""

import base64
import binascii
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import read_json, read_limited
from fer_edge.errors import FerEdgeError, TrainingError
from fer_edge.limits import memory_bytes, too_large
from fer_edge.shown import printable

_TYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "bool": "u1"}
_STORED = {"float16": "<f2", "uint8": "u1", "uint16": "<u2"}
_DEPTHWISE = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
_CONVOLUTIONS = ("Conv2D", "_FusedConv2D", *_DEPTHWISE)
_ENDS = ("Mean", "AvgPool")


@dataclass(frozen=True)
class Convolution:
    """A convolution of the chain, with everything folded into it.

    Attributes:
        kernel: float32, (height, width, in, out); of a depthwise one (height, width, channels, 1).
        bias: float32, one per output channel.
        strides: Strides in both directions.
        is_depthwise: Whether each channel has its own kernel.
        is_clipped: Whether ReLU6 follows.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    strides: int
    is_depthwise: bool
    is_clipped: bool = False


def read_convolutions(path: Path) -> tuple[Convolution, ...]:
    """Read the convolutions from the input to the pooling, in order.

    Args:
        path: Path of the JSON; its shards are next to it.

    Raises:
        TrainingError: A file is missing or damaged, or the graph is not a chain of convolutions.
    """
    try:
        document = read_json(path)
        arrays = dict(_arrays(document, path.parent))
        return tuple(_within_limit(_chain(document["modelTopology"]["node"], arrays)))
    except OSError as error:
        name = Path(error.filename or path).name
        raise TrainingError(
            f"weights {path} cannot be read: {name}: {error.strerror}; expected the JSON and its "
            "shards in one folder"
        ) from error
    except (FerEdgeError, LookupError, TypeError, ValueError, AttributeError) as error:
        reason = printable(error, 200) or type(error).__name__
        raise TrainingError(
            f"weights {path} cannot be read: {reason}; expected a TF.js graph model (model.json)"
        ) from error


def _arrays(document: Any, folder: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    files, needed = set[str](), 0
    for group in document["weightsManifest"]:
        names = [str(name) for name in group["paths"]]
        if any(Path(name).name != name for name in names):
            raise ValueError("a shard is outside the folder")
        if len(files.union(names)) < len(files) + len(names):
            raise ValueError("a shard is listed twice")
        files.update(names)
        data = bytearray()
        for name in names:
            data += read_limited(folder / name, memory_bytes() - len(data))
        place = 0
        for weight in group["weights"]:
            stored = weight.get("quantization") or {}
            kind = np.dtype((_STORED | _TYPES)[stored.get("dtype", weight["dtype"])])
            shape = tuple(int(side) for side in weight["shape"])
            count = math.prod(shape)
            if min(shape, default=0) < 0 or place + count * kind.itemsize > len(data):
                raise ValueError(f"{weight['name']} is longer than its shards")
            needed += count * np.dtype(np.float32).itemsize
            if needed > memory_bytes():
                raise ValueError(too_large(needed))
            values = np.frombuffer(data, kind, count, place).reshape(shape)
            place += values.nbytes
            values = values.astype(np.float32)
            if "scale" in stored:
                values = values * np.float32(stored["scale"]) + np.float32(stored["min"])
            yield str(weight["name"]), values
        if place != len(data):
            raise ValueError(f"the shards have {len(data)} bytes, expected {place}")


def _within_limit(convolutions: Iterator[Convolution]) -> Iterator[Convolution]:
    """Yield convolutions until they need too much memory: nodes may share an array."""
    needed = 0
    for convolution in convolutions:
        needed += convolution.kernel.nbytes + convolution.bias.nbytes
        if needed > memory_bytes():
            raise ValueError(too_large(needed))
        yield convolution


def _chain(
    nodes: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]]
) -> Iterator[Convolution]:
    """Follow the graph from its input; yield each convolution when the next one begins."""
    last, current = "", None
    for node in nodes:
        kind, inputs = node["op"], [name.partition(":")[0] for name in node.get("input", ())]
        constants = [arrays[name] for name in inputs if name in arrays]
        if kind == "Const":
            continue
        if kind == "Placeholder":
            last = node["name"]
            continue
        if [name for name in inputs if name not in arrays] != [last]:
            raise ValueError(f"{node['name']} does not follow {last}: it is not a chain")
        last = node["name"]
        if kind in _CONVOLUTIONS:
            if current is not None:
                yield current
            current = _convolution(node, constants)
        elif kind in _ENDS and current is not None:
            yield current
            return
        elif current is None:
            raise ValueError(f"{node['name']} ({kind}) is before the first convolution")
        else:
            current = _with(current, kind, constants, node["name"])
    raise ValueError("no pooling layer follows the convolutions")


def _convolution(node: Mapping[str, Any], constants: Sequence[NDArray[Any]]) -> Convolution:
    kernel = np.asarray(constants[0], np.float32)
    is_depthwise = node["op"] in _DEPTHWISE
    if kernel.ndim != 4 or (is_depthwise and kernel.shape[3] != 1):
        raise ValueError(f"{node['name']} has a kernel of {kernel.shape}")
    attributes = node["attr"]
    strides = [int(step) for step in attributes["strides"]["list"]["i"]]
    if _text(attributes["padding"]["s"]) != "SAME" or strides[1] != strides[2]:
        raise ValueError(f"{node['name']} has a padding other than SAME, or uneven strides")
    channels = kernel.shape[2 if is_depthwise else 3]
    bias = np.zeros(channels, np.float32)
    if len(constants) > 1:
        bias = np.asarray(constants[1], np.float32).reshape(channels)
    fused = attributes.get("fused_ops", {}).get("list", {}).get("s", ())
    return Convolution(kernel, bias, strides[1], is_depthwise, "Relu6" in map(_text, fused))


def _with(
    convolution: Convolution, kind: str, constants: Sequence[NDArray[Any]], name: str
) -> Convolution:
    """Fold the operation after a convolution into it."""
    if kind in ("Relu", "Relu6"):
        return replace(convolution, is_clipped=kind == "Relu6" or convolution.is_clipped)
    if len(constants) != 1:
        raise ValueError(f"{name} ({kind}) is not understood")
    values = np.asarray(constants[0], np.float32).ravel()
    if values.size not in (1, convolution.bias.size):  # NumPy itself would enlarge the kernel
        raise ValueError(f"{name} has {values.size} numbers, expected {convolution.bias.size}")
    if kind in ("Add", "AddV2", "BiasAdd") and not convolution.is_clipped:
        return replace(convolution, bias=convolution.bias + values)
    if kind == "Mul" and not convolution.is_clipped:
        shape = (1, 1, -1, 1) if convolution.is_depthwise else (1, 1, 1, -1)
        kernel = convolution.kernel * values.reshape(shape)
        return replace(convolution, kernel=kernel, bias=convolution.bias * values)
    if kind == "Minimum" and values.tolist() == [6.0]:
        return replace(convolution, is_clipped=True)
    if kind == "Maximum" and values.tolist() == [0.0]:
        return convolution
    raise ValueError(f"{name} ({kind}) is not understood")


def _text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except binascii.Error as error:
        raise ValueError(f"{printable(encoded, 40)} is not base64") from error
