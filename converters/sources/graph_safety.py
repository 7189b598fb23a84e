"""Check that the graph of a SavedModel only computes.

A graph is code: TensorFlow has operations that call Python, or read and write files. The file is
parsed as data before TensorFlow loads it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.chatter import without_chatter

from .. import tensorflow_keras  # noqa: F401  # first: it chooses the backend of Keras

with without_chatter():
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import op_def_registry

from fer_edge.errors import ModelError
from fer_edge.shown import printable

MAX_BYTES = 2 << 30
"""More than the limit of protocol buffers."""

_STATEFUL = frozenset(
    {
        *("VarHandleOp", "ReadVariableOp", "AssignVariableOp", "VarIsInitializedOp"),
        *("DisableCopyOnRead", "Variable", "VariableV2", "ResourceGather"),
        *("StatefulPartitionedCall", "While", "If", "Case", "Assert", "CheckNumerics"),
        *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal"),
    }
)
"""Stateful operations of networks: variables, calls, loops, dropout."""

_SAVER = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})
"""Operations of every SavedModel for its checkpoint; the conversion never calls them."""

_OUTSIDE = re.compile(
    r"PyFunc|File(?!name)|Debug|Dataset|Reader|Iterator|Summary|Sql|Rpc|Gcs|Cloud|Remote|Proto|TPU"
)
"""Stateless operations that access things outside the graph."""

_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", "table_initializer")


def read_meta_graph(folder: Path) -> Any:
    """Parse the serving graph of a SavedModel and check its operations.

    Returns:
        Its MetaGraphDef.

    Raises:
        ModelError: The file is damaged, or the graph has an operation that is not allowed.
    """
    path = folder / "saved_model.pb"
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path} has {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    parsed = saved_model_pb2.SavedModel()
    try:
        parsed.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError is not public
        raise ModelError(f"{path} cannot be read as a SavedModel: it is damaged") from error
    graphs = [graph for graph in parsed.meta_graphs if "serve" in graph.meta_info_def.tags]
    if len(graphs) != 1:
        raise ModelError(
            f"{folder} has {len(graphs)} graphs with the tag serve; expected one: save it with "
            "tf.saved_model.save, or model.export of Keras"
        )
    for graph in parsed.meta_graphs:
        _check_graph(graph, folder)
    return graphs[0]


def _check_graph(graph: Any, folder: Path) -> None:
    functions = {item.signature.name: item for item in graph.graph_def.library.function}
    called = set(_called_nodes(graph, functions))
    nodes = [("", node) for node in graph.graph_def.node]
    nodes += [(name, node) for name, item in functions.items() for node in item.node_def]
    for function, node in nodes:
        if node.op in functions or _is_allowed(node.op, (function, node.name) in called):
            continue
        raise ModelError(
            f"{folder} has the operation {printable(node.op)} in its graph, which does more than "
            "compute; nothing was loaded. Save the network without it"
        )


def _is_allowed(name: str, is_called: bool) -> bool:
    if name in _SAVER:
        return not is_called
    if name in _STATEFUL:
        return True
    known = op_def_registry.get(name)
    return known is not None and not known.is_stateful and not _OUTSIDE.search(name)


def _called_nodes(graph: Any, functions: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (function, node) of everything that a signature or the initialization may run."""
    top = {node.name: node for node in graph.graph_def.node}
    ends = [end.name for item in graph.signature_def.values() for end in item.outputs.values()]
    for name in _INIT_COLLECTIONS:
        ends += graph.collection_def[name].node_list.value if name in graph.collection_def else ()
    waiting, seen = [_node_name(end) for end in ends], set()
    called: list[str] = []
    while waiting:
        name = waiting.pop()
        if name in seen or name not in top:
            continue
        seen.add(name)
        yield "", name
        waiting += map(_node_name, top[name].input)
        called += _functions_of(top[name], functions)
    done = set()
    while called:
        function = called.pop()
        if function in done:
            continue
        done.add(function)
        for node in functions[function].node_def:
            yield function, node.name
            called += _functions_of(node, functions)


def _functions_of(node: Any, functions: dict[str, Any]) -> list[str]:
    names = [node.op]
    for value in node.attr.values():
        names += [value.func.name, *(item.name for item in value.list.func)]
    return [name for name in names if name in functions]


def _node_name(text: str) -> str:
    return text.lstrip("^").partition(":")[0]
