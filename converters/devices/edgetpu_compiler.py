"""Compilation for the Edge TPU with Google's `edgetpu_compiler`, if it is installed.

Usage and file names: "Edge TPU Compiler", https://coral.ai/docs/edgetpu/compiler/.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.child import clean_environment
from fer_edge.detector.file import DetectorFile, pack_detector, read_detector
from fer_edge.errors import MissingExtraError, ModelError, OutputError
from fer_edge.files import whole_file
from fer_edge.model.card import Compilation
from fer_edge.model.file import ModelFile, read_model, write_model
from fer_edge.model.graph import Graph, read_graph

from .edgetpu import CUSTOM_OPERATOR

COMPILER = "edgetpu_compiler"
TIMEOUT_S = 600
"""The compiler has its own timeout of 180 s; this one is for a compiler that hangs."""

_COMPLAINT = re.compile(r"error|invalid|not quantized|could not|failed|abort|dynamic", re.I)
_VERSION = re.compile(r"Edge TPU Compiler version \S+")


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """A compiled file that was written.

    Attributes:
        path: Path of the file with its card.
        log_path: Path of the compiler's log.
        log: Output of the compiler, including its table of operators.
    """

    path: Path
    log_path: Path
    log: str


class EdgeTpu:
    """The target `edgetpu`: a compiled file and the compiler's log."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the paths of the compiled file and the log; see `EdgeTarget`."""
        compiled = path.with_name(f"{path.stem}_edgetpu.tflite")
        return compiled, compiled.with_suffix(".log")

    def write(self, path: Path) -> str:
        """Compile a model file; see `compile_for_edgetpu`."""
        compiled = compile_for_edgetpu(path, self.companions(path)[0], overwrite=True)
        return f"compiled: {compiled.path}, log: {compiled.log_path}"


def compile_for_edgetpu(model_path: Path, out: Path, *, overwrite: bool = False) -> CompiledModel:
    """Compile a model file for the Edge TPU and attach its card again.

    The card of the compiled file states the compiler and the source file; it keeps the float
    network's scores and leaves out the scores of the source file, which do not apply.

    Args:
        model_path: An int8 model file with a card.
        out: File to write, by the compiler's convention NAME_edgetpu.tflite; the log is written
            next to it, with the suffix .log.
        overwrite: Whether both may be replaced.

    Raises:
        MissingExtraError: The compiler is not installed.
        ModelError: It is not a model file, the compiler rejects it, or maps no operator.
        OutputError: A file already exists or cannot be written.
    """
    log_path = _free_log(out, overwrite=overwrite)
    file = read_model(model_path)
    flatbuffer, log, compilation = _compile(file)
    card = replace(
        file.card,
        name=out.stem,
        scores=tuple(score for score in file.card.scores if score.variant == "float"),
        agreement=None,
        compilation=compilation,
    )
    with whole_file(log_path) as temporary:
        temporary.write_text(log, "utf-8")
    write_model(out, flatbuffer, card)
    return CompiledModel(path=out, log_path=log_path, log=log)


def compile_detector(path: Path, out: Path, *, overwrite: bool = False) -> CompiledModel:
    """Compile a face detector's file of fixed size, and attach its card again.

    The agreement in the card stays that of the source file.

    Args:
        path: int8 file of fixed size.
        out: As in `compile_for_edgetpu`.
        overwrite: As in `compile_for_edgetpu`.

    Raises:
        MissingExtraError: The compiler is not installed.
        ModelError: The file is not a detector of fixed size, or the compiler rejects it.
        OutputError: A file already exists or cannot be written.
    """
    log_path = _free_log(out, overwrite=overwrite)
    file = read_detector(path)
    if file.card.input.is_resizable:
        raise ModelError(
            f"{path} accepts any input size; expected a fixed one: convert-detector --size"
        )
    flatbuffer, log, compilation = _compile(file)
    content = pack_detector(flatbuffer, replace(file.card, name=out.stem, compilation=compilation))
    for place, data in ((log_path, log.encode("utf-8")), (out, content)):
        with whole_file(place) as temporary:
            temporary.write_bytes(data)
    return CompiledModel(path=out, log_path=log_path, log=log)


def _free_log(out: Path, *, overwrite: bool) -> Path:
    log_path = out.with_suffix(".log")
    for path in (out, log_path):
        if path.exists() and not overwrite:
            raise OutputError(f"{path} already exists; choose another, or pass --overwrite")
    return log_path


def _compile(file: ModelFile | DetectorFile) -> tuple[bytes, str, Compilation]:
    """Return the compiled flatbuffer, the log, and the compiler's version."""
    flatbuffer, log = _run_compiler(file)
    _check_compiled(file, flatbuffer)
    version = _VERSION.search(log)
    compilation = Compilation(
        target="edgetpu",
        compiler=version.group() if version else COMPILER,
        source_sha256=hashlib.sha256(file.flatbuffer).hexdigest(),
    )
    return flatbuffer, log, compilation


def _run_compiler(file: ModelFile | DetectorFile) -> tuple[bytes, str]:
    """Return the compiled flatbuffer and the log."""
    program = shutil.which(COMPILER)
    if program is None:
        raise MissingExtraError(
            f"{COMPILER} is not installed: Google's Debian package edgetpu-compiler, for x86-64 "
            "Linux only, from the Coral apt repository (see docs/how-to/edge-tpu.md); the static "
            "check does not need the compiler"
        )
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as name:
        folder = Path(name)
        stem = re.sub(r"[^\w.-]", "_", file.path.stem)  # it is in the log
        source = folder / f"{stem}.tflite"
        source.write_bytes(file.flatbuffer)
        command = [program, "--show_operations", "--out_dir", str(folder), str(source)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=clean_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ModelError(
                f"{COMPILER} did not finish {file.path} within {TIMEOUT_S} s; try a smaller network"
            ) from error
        except OSError as error:
            raise ModelError(f"{program} cannot be run: {error.strerror or error}") from error
        said = done.stdout.decode("utf-8", "replace").replace(f"{folder}/", "")
        compiled = folder / f"{stem}_edgetpu.tflite"
        table = folder / f"{stem}_edgetpu.log"
        if done.returncode != 0 or not compiled.exists():
            raise ModelError(
                f"{COMPILER} rejects {file.path}: {_complaint(said)} (exit code "
                f"{done.returncode}); the static check may show the reason"
            )
        log = said.rstrip() + "\n"
        if table.exists():
            log += "\n" + table.read_text("utf-8", "replace").replace(f"{folder}/", "")
        return compiled.read_bytes(), log


def _complaint(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    complaints = [line for line in lines if _COMPLAINT.search(line)]
    return " ".join(complaints or lines[-1:] or ["it gave no reason"])[:400]


def _check_compiled(file: ModelFile | DetectorFile, flatbuffer: bytes) -> None:
    before, after = read_graph(file.flatbuffer), read_graph(flatbuffer)
    if not any(operator.custom_name == CUSTOM_OPERATOR for operator in after.operators):
        raise ModelError(
            f"{COMPILER} did not map any operator of {file.path} to the Edge TPU; the static "
            "check may show the reason"
        )
    if _ends(before) != _ends(after):
        raise ModelError(
            f"{COMPILER} changed the inputs or outputs of {file.path}: {_ends(before)} became "
            f"{_ends(after)}"
        )


def _ends(graph: Graph) -> list[tuple[str, tuple[int, ...], tuple[float, ...], tuple[int, ...]]]:
    return [
        (tensor.dtype, tensor.shape, tensor.scales, tensor.zero_points)
        for tensor in (*graph.inputs, *graph.outputs)
    ]
