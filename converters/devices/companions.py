"""What a conversion leaves for other devices: Edge TPU check and compiled file, C array."""

import logging
from pathlib import Path

from fer_edge.errors import MissingExtraError
from fer_edge.model.file import read_model

from .edgetpu import check, format_report
from .edgetpu_compiler import compile_for_edgetpu
from .microcontroller import arena_bytes, c_identifier, to_c_array, write_c_array

log = logging.getLogger(__name__)


def companions(path: Path, *, edgetpu: bool, c_array: bool) -> tuple[Path, ...]:
    """Name what `leave_for_devices` would write beside a model file."""
    compiled = path.with_name(f"{path.stem}_edgetpu.tflite")
    array = path.with_name(f"{c_identifier(path.stem)}.h")
    return (
        *((compiled, compiled.with_suffix(".log")) if edgetpu else ()),
        *((array, array.with_suffix(".c")) if c_array else ()),
    )


def leave_for_devices(paths: list[Path], *, edgetpu: bool, c_array: bool) -> str:
    """Check int8 files for the Edge TPU, and make the files asked for.

    A compiler or a tflite-micro that is not installed is a warning: check and array need neither.

    Args:
        paths: int8 files with cards.
        edgetpu: Whether to compile for the Edge TPU.
        c_array: Whether to write C arrays.

    Returns:
        The check's table, once for all files that have the same, and a line for each new file.
    """
    tables: dict[str, list[str]] = {}
    lines, missing = [], set()
    for path in paths:
        file = read_model(path)
        table = format_report(check(file.flatbuffer)).rstrip("\n")
        tables.setdefault(table, []).append(path.name)
        if edgetpu:
            try:
                compiled = compile_for_edgetpu(
                    path, path.with_name(f"{path.stem}_edgetpu.tflite"), overwrite=True
                )
                lines.append(f"compiled: {compiled.path}, log: {compiled.log_path}")
            except MissingExtraError as error:
                missing.add(str(error))
        if c_array:
            try:
                arena = arena_bytes(file.flatbuffer)
            except MissingExtraError as error:
                missing.add(str(error))
                arena = None
            array = to_c_array(file.flatbuffer, file.card, name=path.stem, arena=arena)
            header, source = write_c_array(array, path.parent, overwrite=True)
            size = "not measured" if arena is None else f"{arena:,} bytes"
            lines.append(f"C array: {header}, {source}; tflite-micro's arena: {size}")
    for message in sorted(missing):
        log.warning("%s", message)
    blocks = [f"Edge TPU, {', '.join(names)}:\n{table}" for table, names in tables.items()]
    return "\n".join([*blocks, *lines])
