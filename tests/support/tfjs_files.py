"""MobileNet v1 with random weights as a TF.js graph model, and the output of its nodes."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.training.architectures.mobilenet_face import blocks

Arrays = dict[str, NDArray[np.float32]]


class GraphWriter:
    """Writer for a sequence of nodes, as TF.js' converter makes it from Keras' MobileNet.

    Args:
        storage: Type of the stored kernels: float32, float16 or uint8.
        is_fused: Whether bias and ReLU6 are part of the convolution's node.
    """

    def __init__(self, width: float, *, storage: str = "float32", is_fused: bool = False) -> None:
        self.random = np.random.default_rng(3)
        self.nodes: list[dict[str, Any]] = [{"op": "Placeholder", "name": "input"}]
        self.arrays: Arrays = {}
        self._storage = storage
        self._is_fused = is_fused
        channels = max(8, int(32 * width))
        self._convolve("conv1", (3, 3, 3, channels), 2)
        for number, block in enumerate(blocks(width), start=1):
            self._convolve(f"dw{number}", (3, 3, channels, 1), block.strides)
            self._convolve(f"pw{number}", (1, 1, channels, block.width), 1)
            channels = block.width
        self._add("Mean", "pooled", [])

    def write(self, folder: Path) -> Path:
        """Write model.json and its file of weights; return the path of model.json."""
        weights, data = [], b""
        for name, values in self.arrays.items():
            entry: dict[str, Any] = {"name": name, "shape": values.shape, "dtype": "float32"}
            stored, how = self._stored(values)
            if how:
                entry["quantization"] = how
            weights.append(entry)
            data += stored.tobytes()
        (folder / "weights.bin").write_bytes(data)
        document = {
            "format": "graph-model",
            "modelTopology": {"node": self.nodes},
            "weightsManifest": [{"paths": ["weights.bin"], "weights": weights}],
        }
        (folder / "model.json").write_text(json.dumps(document), "utf-8")
        return folder / "model.json"

    def compute(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the nodes in TensorFlow, with the weights as they are stored."""
        import tensorflow as tf

        read = {name: self._restored(values) for name, values in self.arrays.items()}
        x: Any = tf.constant(pictures)
        for node in self.nodes[1:]:
            constants = [read[name] for name in node["input"][1:]]
            kind = node["op"].removeprefix("_Fused").removeprefix("Fused")
            if "onv2" in kind or "onv2dNative" in kind:
                depthwise = kind.startswith("Depthwise")
                run = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
                steps = list(map(int, node["attr"]["strides"]["list"]["i"]))
                x = run(x, constants[0], steps, "SAME")
                if len(constants) > 1:
                    x = tf.nn.relu6(x + constants[1])
            elif kind == "Mean":
                x = tf.reduce_mean(x, [1, 2])
            else:
                run = {
                    "Mul": tf.multiply,
                    "Add": tf.add,
                    "Minimum": tf.minimum,
                    "Maximum": tf.maximum,
                }
                x = tf.nn.relu(x) if kind == "Relu" else run[kind](x, constants[0])
        return np.asarray(x)

    def _convolve(self, name: str, shape: tuple[int, ...], strides: int) -> None:
        depthwise = name.startswith("dw")
        channels = shape[2] if depthwise else shape[3]
        fan_in = shape[0] * shape[1] * (1 if depthwise else shape[2])
        kernel = self.random.normal(0, (2 / fan_in) ** 0.5, shape)
        bias = self.random.normal(0.2, 0.3, channels)
        kind = "DepthwiseConv2dNative" if depthwise else "Conv2D"
        if self._is_fused:
            kind = f"Fused{kind}" if depthwise else f"_Fused{kind}"
            self._add(kind, name, [kernel, bias], strides, ("BiasAdd", "Relu6"))
            return
        self._add(kind, name, [kernel], strides)
        if depthwise:
            self._add("Mul", f"{name}_mul", [self.random.uniform(0.5, 1.5, channels)])
        self._add("Add", f"{name}_add", [bias])
        self._add("Relu", f"{name}_relu", [])
        self._add("Minimum", f"{name}_min", [np.array(6.0)])
        self._add("Maximum", f"{name}_max", [np.array(0.0)])

    def _add(
        self,
        kind: str,
        name: str,
        constants: list[NDArray[Any]],
        strides: int = 0,
        fused: tuple[str, ...] = (),
    ) -> None:
        names = [f"{name}/{number}" for number in range(len(constants))]
        for constant, values in zip(names, constants, strict=True):
            self.arrays[constant] = np.asarray(values, np.float32)
        node: dict[str, Any] = {
            "op": kind,
            "name": name,
            "input": [self.nodes[-1]["name"], *names],
            "attr": {},
        }
        if strides:
            steps = ["1", str(strides), str(strides), "1"]
            node["attr"] = {"strides": {"list": {"i": steps}}, "padding": {"s": _encoded("SAME")}}
        if fused:
            node["attr"]["fused_ops"] = {"list": {"s": list(map(_encoded, fused))}}
        self.nodes.append(node)

    def _stored(self, values: NDArray[np.float32]) -> tuple[NDArray[Any], dict[str, Any]]:
        if self._storage == "float16":
            return values.astype(np.float16), {"dtype": "float16", "original_dtype": "float32"}
        if self._storage == "uint8" and values.size > 1:
            low, step = float(values.min()), float(np.ptp(values)) / 255
            codes = np.round((values - low) / step).astype(np.uint8)
            return codes, {"dtype": "uint8", "scale": step, "min": low}
        return values, {}

    def _restored(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        stored, how = self._stored(values)
        if "scale" in how:
            return stored * np.float32(how["scale"]) + np.float32(how["min"])
        return stored.astype(np.float32)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
