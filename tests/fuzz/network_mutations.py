"""Mutations of the structure of networks: attributes and arrays of HDF5, nodes of SavedModels."""

import io
import json
import random
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from tests.fuzz.mutations import changed_tree, of_bytes

_BYTES = of_bytes(b"\x89HDF", b"Lambda", b"class_name", b"PyFunc", b"ReadFile", b"serve")
_OPERATIONS = (
    *("PyFunc", "EagerPyFunc", "ReadFile", "WriteFile", "Identity", "NoOp", "Softmax", "Reshape"),
    *("StatefulPartitionedCall", "While", "If", "Placeholder", "Const", "MatMul", "Conv2D", ""),
    *("TensorListReserve", "Fill", "Tile", "Range", "Print", "Assert", "RandomUniform", "Unknown"),
)
_TEXTS = ("", "x", "^x", "x:9", "serve", "../x", "\0", "ü" * 100, "x" * 5000)


def of_hdf5(chance: random.Random, data: bytes) -> bytes:
    """Change an HDF5 file: a configuration in its attributes, an array, a group, or its bytes."""
    if chance.random() < 0.3:
        return _BYTES(chance, data)
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        places: list[Any] = [file]
        file.visititems(lambda _, item: places.append(item))
        for _ in range(chance.choice((1, 1, 2))):
            # an earlier change may have removed the place or made a value invalid
            with suppress(KeyError, TypeError, ValueError):
                _change_hdf5(chance, file, chance.choice(places))
    return buffer.getvalue()


def _change_hdf5(chance: random.Random, file: Any, item: Any) -> None:
    kind = chance.randrange(5)
    configs = [name for name in ("model_config", "training_config") if name in file.attrs]
    if kind <= 1 and configs:
        name = chance.choice(configs)
        tree = changed_tree(chance, json.loads(_text(file.attrs[name])))
        file.attrs[name] = np.bytes_(json.dumps(tree).encode("utf-8", "surrogatepass"))
    elif kind == 2 and item.attrs:
        name = chance.choice(sorted(item.attrs))
        if chance.random() < 0.5:
            del item.attrs[name]
        else:
            item.attrs[name] = chance.choice((0, -1, 1e300, "x", [1, 2, 3], ["a" * 300] * 9))
    elif isinstance(item, h5py.Dataset):
        name = item.name
        shape = chance.choice(((), (0,), (1,), (7, 7), (1 << 20,), item.shape[::-1]))
        type_ = chance.choice(("<f4", "<f8", "u1", "S8", "<i8"))
        del file[name]
        if chance.random() < 0.8:  # only declared: it takes no space
            file.create_dataset(name, shape, type_)
    elif item.name != "/":
        del file[item.name]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def of_saved_model(chance: random.Random, data: bytes) -> bytes:
    """Change a SavedModel's graph: operations, inputs, attributes, signatures; or its bytes."""
    from tensorflow.core.protobuf import saved_model_pb2

    if chance.random() < 0.25:
        return _BYTES(chance, data)
    model = saved_model_pb2.SavedModel.FromString(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        _change_graph(chance, model.meta_graphs[0])
    return model.SerializeToString()


def _change_graph(chance: random.Random, graph: Any) -> None:
    functions = list(graph.graph_def.library.function)
    nodes = [*graph.graph_def.node, *(node for item in functions for node in item.node_def)]
    node, kind = chance.choice(nodes), chance.randrange(9)
    if kind == 0:
        node.op = chance.choice(_OPERATIONS)
    elif kind == 1:
        node.name = chance.choice((chance.choice(nodes).name, *_TEXTS))
    elif kind == 2 and node.input:
        node.input[chance.randrange(len(node.input))] = chance.choice(
            (chance.choice(nodes).name, *_TEXTS)
        )
    elif kind == 3:
        node.input.append(chance.choice(nodes).name)
    elif kind == 4 and node.attr:
        _change_attribute(chance, node.attr[chance.choice(sorted(node.attr))])
    elif kind == 5 and functions:
        name = chance.choice(functions).signature
        name.name = chance.choice((chance.choice(functions).signature.name, *_TEXTS))
    elif kind == 6 and graph.signature_def:
        signature = graph.signature_def[chance.choice(sorted(graph.signature_def))]
        for part in (signature.inputs, signature.outputs):
            for value in part.values():
                value.name = chance.choice((chance.choice(nodes).name + ":0", *_TEXTS))
                for size in value.tensor_shape.dim:
                    size.size = chance.choice((-1, 0, 1, 2, 1 << 40))
    elif kind == 7:
        objects = graph.object_graph_def.nodes
        if objects:
            thing = chance.choice(objects)
            for child in thing.children:
                child.node_id = chance.choice((0, -1, 1, len(objects), 1 << 30))
    else:
        graph.meta_info_def.tags[:] = chance.choice((["serve"], [], ["serve", "gpu"], ["x"]))


def _change_attribute(chance: random.Random, value: Any) -> None:
    kind = value.WhichOneof("value")
    if kind == "type":
        value.type = chance.choice((0, 1, 2, 7, 9, 20, 21, 999))
    elif kind == "shape":
        value.shape.unknown_rank = chance.random() < 0.3
        for size in value.shape.dim:
            size.size = chance.choice((-1, -2, 0, 1, 1 << 20, 1 << 62))
    elif kind == "tensor":
        tensor = value.tensor
        for size in tensor.tensor_shape.dim:
            size.size = chance.choice((-1, 0, 1, 3, 1 << 30, 1 << 62))
        if chance.random() < 0.3:
            tensor.tensor_content = chance.randbytes(chance.choice((0, 1, 16)))
        if chance.random() < 0.3:
            tensor.dtype = chance.choice((0, 1, 3, 7, 20, 21, 999))
    elif kind == "i":
        value.i = chance.choice((0, -1, 1, 1 << 40, -(1 << 63)))
    elif kind == "s":
        value.s = chance.choice((b"", b"SAME", b"\xff", b"x" * 3000))
    elif kind == "func":
        value.func.name = chance.choice(_TEXTS)
    else:
        value.b = True
