"""A model for tflite-micro: a C array with the data for the firmware, and its arena size.

A microcontroller has no files: the flatbuffer is compiled into the program, aligned to 16 bytes as
tflite-micro requires, and all tensors are stored in one memory block of fixed size, the arena.
"""

import hashlib
import logging
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import MissingExtraError, ModelError, OutputError
from fer_edge.files import whole_file
from fer_edge.limits import TRIAL_PATIENCE_S
from fer_edge.model.card import ModelCard
from fer_edge.model.file import read_model
from fer_edge.model.graph import Graph, Tensor, read_graph
from fer_edge.require import missing

log = logging.getLogger(__name__)

ALIGNMENT = 16
MOST_ARENA_BYTES = 64 * 1024 * 1024
"""More than any microcontroller has; a graph that does not fit has another problem."""

_BYTES_PER_LINE = 12
_WORDS = {"2D": "2D", "MATMUL": "MatMul", "LSTM": "LSTM", "PADV2": "PadV2", "CUMSUM": "CumSum"}


@dataclass(frozen=True, slots=True)
class CArray:
    """A model as C source.

    Attributes:
        name: Prefix of every symbol, and stem of the files.
        header: Text of NAME.h, for C11 and C++11.
        source: Text of NAME.c, for C11 and C++11.
    """

    name: str
    header: str
    source: str


class CArrayTarget:
    """The target `c-array`: NAME.h and NAME.c; the arena is measured if tflite-micro is there."""

    def __init__(self) -> None:
        self._warned = False

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the paths of header and source; see `EdgeTarget`."""
        header = path.with_name(f"{c_identifier(path.stem)}.h")
        return header, header.with_suffix(".c")

    def write(self, path: Path) -> str:
        """Write both files for a model file; see `to_c_array`."""
        file = read_model(path)
        arena = self._arena(file.flatbuffer)
        array = to_c_array(file.flatbuffer, file.card, name=path.stem, arena=arena)
        header, source = write_c_array(array, path.parent, overwrite=True)
        size = "not measured" if arena is None else f"{arena:,} bytes"
        return f"C array: {header}, {source}; tflite-micro's arena: {size}"

    def _arena(self, flatbuffer: bytes) -> int | None:
        try:
            return arena_bytes(flatbuffer)
        except MissingExtraError as error:
            if not self._warned:
                log.warning("%s", error)
            self._warned = True
        return None


def arena_bytes(flatbuffer: bytes) -> int:
    """Measure the tensor arena of a model with the tflite-micro interpreter.

    tflite-micro allocates the tensors in a large arena and reports the used size; the result is the
    smallest arena, from that size on, that it accepts. It runs on a 64-bit machine with the
    reference kernels: structures on a 32-bit target are smaller, optimized kernels (CMSIS-NN,
    ESP-NN) may need more scratch memory.

    Returns:
        Bytes, a multiple of 16.

    Raises:
        MissingExtraError: tflite-micro is not installed.
        ModelError: tflite-micro cannot run the graph, or did not finish.
    """
    if find_spec("tflite_micro") is None:
        raise missing("micro", "tflite_micro", what="measuring the arena (on x86-64 Linux only)")
    read_graph(flatbuffer)  # tflite-micro does not check its input
    fits, said = _probe(flatbuffer, MOST_ARENA_BYTES)
    total = re.search(r"Arena allocation total (\d+) bytes", said)
    if not fits or total is None:
        reason = " ".join(said.split()) or "it gave no reason"
        raise ModelError(f"tflite-micro cannot run this model: {reason[:300]}")
    low = high = -(-int(total.group(1)) // ALIGNMENT) * ALIGNMENT
    while not _probe(flatbuffer, high)[
        0
    ]:  # planning a small graph takes more memory than the graph
        low, high = high, 2 * high
    while high - low > ALIGNMENT:
        middle = (low + high) // 2 // ALIGNMENT * ALIGNMENT
        if _probe(flatbuffer, middle)[0]:
            high = middle
        else:
            low = middle
    return high


def to_c_array(flatbuffer: bytes, card: ModelCard, *, name: str, arena: int | None) -> CArray:
    """Write a model as C source and header.

    Args:
        flatbuffer: The TFLite model.
        card: Card of the model, with labels, name and intended use.
        name: Prefix of the symbols; characters that C does not allow become underscores.
        arena: Size from `arena_bytes`, or None if it was not measured.

    Raises:
        ModelError: The graph is damaged, or has an operator that tflite-micro does not support.
    """
    graph = read_graph(flatbuffer)
    name = c_identifier(name)
    comment = _comment(list(_facts(flatbuffer, graph, card, arena)))
    upper = name.upper()
    arena_line = "" if arena is None else f"#define {upper}_ARENA_BYTES {arena}\n"
    labels = ",\n".join(f'    "{_c_string(label)}"' for label in card.labels)
    header = f"""{comment}
#ifndef {upper}_H_
#define {upper}_H_

{arena_line}#define {upper}_CLASSES {len(card.labels)}

#ifdef __cplusplus
extern "C" {{
#endif

extern const unsigned char {name}_model[];
extern const unsigned int {name}_model_size;
extern const char *const {name}_labels[{upper}_CLASSES];

#ifdef __cplusplus
}}
#endif

#endif
"""
    source = f"""#include "{name}.h"

#ifndef __cplusplus
#include <stdalign.h>
#endif

alignas({ALIGNMENT}) const unsigned char {name}_model[] = {{
{_array(flatbuffer)}
}};

const unsigned int {name}_model_size = {len(flatbuffer)};

const char *const {name}_labels[{upper}_CLASSES] = {{
{labels},
}};
"""
    return CArray(name=name, header=header, source=source)


def write_c_array(array: CArray, folder: Path, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write NAME.h and NAME.c into a folder; return both paths.

    Raises:
        OutputError: A file already exists or cannot be written.
    """
    header, source = folder / f"{array.name}.h", folder / f"{array.name}.c"
    for path in (header, source):
        if path.exists() and not overwrite:
            raise OutputError(f"{path} already exists; choose another folder, or pass --overwrite")
    for path, text in ((header, array.header), (source, array.source)):
        with whole_file(path) as temporary:
            temporary.write_text(text, "utf-8")
    return header, source


def resolver_calls(graph: Graph) -> tuple[str, ...]:
    """Return the methods of tflite-micro's MicroMutableOpResolver that a graph needs.

    Raises:
        ModelError: An operator is custom, such as in a file compiled for the Edge TPU.
    """
    custom = {operator.custom_name for operator in graph.operators if operator.custom_name}
    if custom:
        raise ModelError(
            f"the model has custom operators ({', '.join(sorted(custom))}), which tflite-micro "
            "does not support; use the file from before the compilation"
        )
    names = dict.fromkeys(operator.name for operator in graph.operators)
    return tuple(
        "Add" + "".join(_WORDS.get(word, word.capitalize()) for word in name.split("_"))
        for name in names
    )


def _probe(flatbuffer: bytes, size_bytes: int) -> tuple[bool, str]:
    """Try an arena; return whether the model fits, and tflite-micro's output."""
    command = module_command("fer_edge.converters.devices.arena_probe", str(size_bytes))
    try:
        done = subprocess.run(
            command,
            env=clean_environment(),
            input=flatbuffer,
            capture_output=True,
            check=False,
            timeout=TRIAL_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"tflite-micro did not plan this model within {TRIAL_PATIENCE_S:.0f} s; try a smaller "
            "network"
        ) from error
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")


def _facts(flatbuffer: bytes, graph: Graph, card: ModelCard, arena: int | None) -> Iterator[str]:
    calls = resolver_calls(graph)
    yield f"{card.name}: a facial-expression model for tflite-micro. Made by fer-edge."
    yield f"input   {_describe(graph.inputs[0])}"
    if graph.inputs[0].dtype == "UINT8":
        yield "        a raw gray pixel is the input"
    elif graph.inputs[0].dtype == "INT8":
        yield "        a raw gray pixel minus 128 is the input"
    yield f"output  {_describe(graph.outputs[0])}"
    yield f"labels  {', '.join(card.labels)}"
    if arena is None:
        yield "arena   not measured"
    else:
        yield f"arena   {arena} bytes, measured with tflite-micro {_version()}, reference"
        yield "        kernels, 64-bit; optimized kernels may need more"
    yield f"model   {len(flatbuffer)} bytes, sha256 {hashlib.sha256(flatbuffer).hexdigest()}"
    yield f"tflite::MicroMutableOpResolver<{len(calls)}> resolver;"
    for call in calls:
        yield f"resolver.{call}();"
    yield f"use     {card.intended_use}"
    yield f"license {card.license}"


def _describe(tensor: Tensor) -> str:
    shape = ", ".join(map(str, tensor.shape))
    text = f"{tensor.dtype.lower()} ({shape})"
    if len(tensor.scales) == 1 and len(tensor.zero_points) == 1:
        text += f", real = {tensor.scales[0]:.9g} * (value - {tensor.zero_points[0]})"
    return text


def _comment(lines: list[str]) -> str:
    """Write lines as `//` comments: ASCII, without backslashes, which would join lines."""
    text = (" ".join(line.encode("ascii", "replace").decode().split("\n")) for line in lines)
    return "\n".join(f"// {line}".replace("\\", "/").rstrip() for line in text)


def _array(data: bytes) -> str:
    rows = (data[i : i + _BYTES_PER_LINE] for i in range(0, len(data), _BYTES_PER_LINE))
    return "\n".join("    " + " ".join(f"0x{byte:02x}," for byte in row) for row in rows)


def _c_string(text: str) -> str:
    """Escape a text for a C string literal in UTF-8."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8")
    )


def c_identifier(name: str) -> str:
    """Convert a name to a valid C identifier."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return text if text[:1].isalpha() else f"model_{text}"


def _version() -> str:
    return metadata.version("tflite-micro")
