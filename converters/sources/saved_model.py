"""A SavedModel folder as a Keras network with one layer: its graph with constant weights."""

from pathlib import Path
from typing import Any

from fer_edge.chatter import without_chatter
from fer_edge.errors import ModelError
from fer_edge.keras_files.file import first_line

from ..tensorflow_keras import keras, tf
from .graph_safety import read_meta_graph
from .output_activation import LINEAR, SIGMOID
from .random_numbers import check_random

with without_chatter():
    from tensorflow.python.framework import convert_to_constants


_PASSING = ("Identity", "IdentityN", "StopGradient", "Reshape", "Squeeze", "CheckNumerics")
_ACTIVATIONS = ("sigmoid", "softmax", "tanh", "relu", "relu6", "elu")


class GraphLayer(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """A frozen graph.

    Attributes:
        classes: Number of classes of its output, (batch, classes).
    """

    def __init__(self, function: Any, classes: int, *, fixed_batch: bool) -> None:
        """Wrap a concrete function of one float tensor.

        Args:
            function: Function that returns (batch, classes), or the same numbers in another shape.
            classes: Number of classes of its output.
            fixed_batch: Whether it only reads one face at a time.
        """
        super().__init__(name="graph")
        self.classes = classes
        self._function = function
        self._fixed_batch = fixed_batch

    def call(self, faces: Any) -> Any:
        """Run the graph; float32 (batch, height, width, channels) to (batch, classes)."""
        if not self._fixed_batch or faces.shape[0] == 1:
            return tf.ensure_shape(self._run(faces), (faces.shape[0], self.classes))
        return tf.map_fn(lambda face: self._run(face[tf.newaxis])[0], faces)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (batch, classes)."""
        return shape[0], self.classes

    def _run(self, faces: Any) -> Any:
        found = self._function(faces)
        found = found[0] if isinstance(found, list | tuple) else found
        # what comes before the last activation may have further axes of length 1
        return found if len(found.shape) == 2 else tf.reshape(found, (-1, self.classes))


def open_saved_model(folder: Path) -> tuple[Any, str, Any]:
    """Open a SavedModel folder.

    Its operations are checked before TensorFlow loads it.

    Returns:
        A Keras 3 network with one layer; the activation of its outputs, `linear` for none; and if
        that is a sigmoid, the network without it, else None.

    Raises:
        ModelError: It is damaged, does more than compute, computes with random numbers, or does not
            have one picture as input and one row of classes as output.
    """
    graph = read_meta_graph(folder)
    if any(node.op in ("Variable", "VariableV2") for node in graph.graph_def.node):
        raise ModelError(
            f"{folder} has variables of TensorFlow 1; load it with TensorFlow 2 and save it again "
            "with tf.saved_model.save"
        )
    loaded, signature = _load_signature(folder, graph)
    spec, name = _input(signature, folder)
    classes = _classes(signature, folder)
    frozen = _frozen(signature, spec, name, folder)
    del loaded  # its variables must exist until they become constants
    last = _last(frozen.outputs[0].op)
    activation = last.type.lower() if last.type.lower() in _ACTIVATIONS else LINEAR
    logits = None
    if activation == SIGMOID:
        pruned = frozen.prune(frozen.inputs, last.inputs[0])
        logits = _network(pruned, spec, classes)
    return _network(frozen, spec, classes), activation, logits


def _frozen(signature: Any, spec: Any, name: str, folder: Path) -> Any:
    """Return the function of a signature with constant weights.

    Raises:
        ModelError: It changes its variables, or computes with random numbers.
    """
    with without_chatter():
        function = tf.function(
            lambda faces: next(iter(signature(**{name: faces}).values()))
        ).get_concrete_function(tf.TensorSpec(spec.shape, tf.float32, name="faces"))
        try:
            frozen = convert_to_constants.convert_variables_to_constants_v2(
                function, lower_control_flow=False
            )
        except Exception as error:  # raised for a graph that assigns to its variables
            check_random(function.graph.as_graph_def(), folder)
            raise ModelError(
                f"{folder} changes its own variables when it runs, as layers in training mode do; "
                "save it in inference mode (training=False)"
            ) from error
    check_random(frozen.graph.as_graph_def(), folder)
    return frozen


def _network(function: Any, spec: Any, classes: int) -> Any:
    face = keras.Input(tuple(spec.shape)[1:])
    layer = GraphLayer(function, classes, fixed_batch=spec.shape[0] is not None)
    return keras.Model(face, layer(face), name="saved_model")


def _load_signature(folder: Path, graph: Any) -> tuple[Any, Any]:
    """Load a checked SavedModel; returns the loaded object and its signature.

    Raises:
        ModelError: It has no signature or several, or cannot be loaded.
    """
    names = [name for name in graph.signature_def if not name.startswith("__")]
    if not names:
        raise ModelError(
            f"{folder} has no signature; save it with tf.saved_model.save(network, folder, "
            "signatures=...), or model.export of Keras"
        )
    name = "serving_default" if "serving_default" in names else names[0]
    if name != "serving_default" and len(names) > 1:
        raise ModelError(
            f"{folder} has the signatures {', '.join(sorted(names))}; expected one of the name "
            "serving_default"
        )
    try:
        with without_chatter():
            loaded = tf.saved_model.load(str(folder), tags=["serve"])
            return loaded, loaded.signatures[name]
    except Exception as error:  # TensorFlow raises many types for a damaged checkpoint
        raise ModelError(f"{folder} cannot be read as a SavedModel: {first_line(error)}") from error


def _input(signature: Any, folder: Path) -> tuple[Any, str]:
    specs = signature.structured_input_signature[1]
    if len(specs) != 1:
        raise ModelError(
            f"{folder} has {len(specs)} inputs ({', '.join(specs)}); expected one picture"
        )
    ((name, spec),) = specs.items()
    if spec.dtype != tf.float32:
        raise ModelError(f"{folder} reads {spec.dtype.name}; expected float32")
    if spec.shape.rank != 4 or spec.shape[0] not in (None, 1):
        raise ModelError(
            f"{folder} reads {spec.shape}; expected (batch, height, width, channels), with an "
            "open batch or 1"
        )
    return spec, name


def _classes(signature: Any, folder: Path) -> int:
    specs = signature.structured_outputs
    shapes = [spec.shape for spec in specs.values()]
    if len(shapes) != 1 or shapes[0].rank != 2 or shapes[0][1] is None:
        raise ModelError(
            f"{folder} produces {', '.join(map(str, shapes))}; expected one output (batch, classes)"
        )
    return int(shapes[0][1])


def _last(operation: Any) -> Any:
    """Find the operation that determines an output."""
    while operation.type in _PASSING and operation.inputs:
        operation = operation.inputs[0].op
    return operation
