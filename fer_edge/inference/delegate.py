"""TFLite delegates, which run a graph instead of the CPU, by short name or library.

`edgetpu` is Coral's delegate. Its library has the option `device`, in the syntax of pycoral's
`make_interpreter`: empty for any Edge TPU, `:N` for number N, `usb`, `usb:N`, `pci`, `pci:N`.
"""

import ctypes
import logging
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fer_edge.errors import ModelError
from fer_edge.files import check_path
from fer_edge.inference.kernel import read_text

EDGETPU_LIBRARIES = {
    "Linux": "libedgetpu.so.1",
    "Darwin": "libedgetpu.1.dylib",
    "Windows": "edgetpu.dll",
}
"""File name of Coral's delegate, by `platform.system()`."""

EDGETPU_OPERATOR = b"edgetpu-custom-op"
"""Custom operator with which Google's compiler replaces the compiled operators."""

# before its first use a USB Accelerator has the IDs of its boot loader, then those of its runtime
_USB_IDS = (("1a6e", "089a"), ("18d1", "9302"))

_SHORT = re.compile(r"edgetpu(?::(?P<device>(?:usb|pci)(?::\d+)?|\d+))?")
_INSTALL = "install it (Debian, Raspberry Pi OS: libedgetpu1-std, see coral.ai/software)"
_INSTEAD = "or omit the delegate"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delegate:
    """A delegate to load.

    Attributes:
        library: Name or path of the shared library.
        device: Coral's option: empty for any, or `:0`, `usb`, `usb:0`, `pci` or `pci:0`.
        is_edgetpu: Whether it is Coral's delegate.
    """

    library: str
    device: str = ""
    is_edgetpu: bool = False


@dataclass(frozen=True, slots=True)
class EdgeTpu:
    """An Edge TPU that the kernel sees.

    Attributes:
        bus: usb or pci.
        node: Its device file.
        is_open_to_us: Whether this user may open the device file.
    """

    bus: Literal["usb", "pci"]
    node: Path
    is_open_to_us: bool


def parse_delegate(text: str) -> Delegate:
    """Parse the value of `--delegate`: edgetpu, edgetpu:usb:0, ..., or a library's path.

    Raises:
        ModelError: It begins with `edgetpu:` but is not valid.
    """
    match = _SHORT.fullmatch(text)
    if match:
        device = match["device"] or ""
        library = EDGETPU_LIBRARIES.get(platform.system(), EDGETPU_LIBRARIES["Linux"])
        return Delegate(library, f":{device}" if device.isdigit() else device, is_edgetpu=True)
    if text.startswith("edgetpu:"):
        raise ModelError(
            f"delegate {text} is not an Edge TPU; expected edgetpu, edgetpu:N, edgetpu:usb, "
            "edgetpu:usb:N, edgetpu:pci or edgetpu:pci:N, for example edgetpu:usb:0"
        )
    return Delegate(text, is_edgetpu="edgetpu" in Path(text).name)


def find_library(text: str) -> Delegate:
    """Parse the value of `--delegate`, and check that its library can be loaded.

    Raises:
        ModelError: The library is missing, or is not a TFLite delegate.
    """
    delegate = parse_delegate(text)
    try:
        check_path(Path(delegate.library))
        # LiteRT's loader would leave a partly initialized object that fails when it is freed
        library = ctypes.CDLL(delegate.library)
        if not hasattr(library, "tflite_plugin_create_delegate"):
            raise OSError(f"{delegate.library} is not a TFLite delegate")
    except OSError as error:
        wanted = _INSTALL if delegate.is_edgetpu else "pass the shared library of a TFLite delegate"
        raise ModelError(
            f"delegate {text} cannot be loaded: {error}; {wanted}, {_INSTEAD}"
        ) from error
    return delegate


def load_delegate(text: str, module: Any) -> Any:
    """Load a delegate.

    Args:
        text: Value of `--delegate`; see `parse_delegate`.
        module: Module of the TFLite runtime, with `load_delegate`.

    Returns:
        The delegate object of the runtime.

    Raises:
        ModelError: The library or the device is missing, or cannot be used.
    """
    delegate = find_library(text)
    options = {"device": delegate.device} if delegate.device else {}
    try:
        return module.load_delegate(delegate.library, options)
    except ValueError as error:
        # the runtime's message is "Failed to load delegate from LIBRARY", followed by the
        # library's
        _, _, reason = str(error).partition("\n")
        told = f" ({' '.join(reason.split())})" if reason.strip() else ""
        advice = _about_devices() if delegate.is_edgetpu else "see the library's own requirements"
        raise ModelError(
            f"delegate {text} cannot be loaded: {delegate.library} found no usable device{told}; "
            f"{advice}, {_INSTEAD}"
        ) from error


def check_compiled(flatbuffer: bytes, text: str, name: str) -> None:
    """Warn about a graph that the Edge TPU cannot run, since it is not compiled for it.

    Args:
        flatbuffer: The graph.
        text: Value of `--delegate`.
        name: Name of the model, for the message.
    """
    if parse_delegate(text).is_edgetpu and EDGETPU_OPERATOR not in flatbuffer:
        log.warning(
            "%s is not compiled for the Edge TPU and runs on the CPU; create a compiled file: "
            "fer-edge convert --int8 --edgetpu (a detector: convert-detector --edgetpu)",
            name,
        )


def find_edge_tpus(root: Path = Path("/")) -> list[EdgeTpu]:
    """List the Edge TPUs that the kernel sees, without accessing them.

    Args:
        root: Folder that contains /sys and /dev.
    """
    found = [EdgeTpu("pci", node, _may_open(node)) for node in sorted(root.glob("dev/apex_*"))]
    for folder in sorted(root.glob("sys/bus/usb/devices/*")):
        if (read_text(folder / "idVendor"), read_text(folder / "idProduct")) in _USB_IDS:
            bus, number = read_text(folder / "busnum"), read_text(folder / "devnum")
            node = root / "dev/bus/usb" / bus.zfill(3) / number.zfill(3)
            found.append(EdgeTpu("usb", node, _may_open(node)))
    return found


def _about_devices() -> str:
    tpus = find_edge_tpus()
    if not tpus:
        return (
            "no Edge TPU was found on USB (1a6e:089a, 18d1:9302) or PCIe (/dev/apex_0): plug it in"
        )
    shut = [str(tpu.node) for tpu in tpus if not tpu.is_open_to_us]
    if shut:
        return f"this user cannot open {', '.join(shut)}: join its group (plugdev or apex)"
    nodes = ", ".join(f"{tpu.bus} {tpu.node}" for tpu in tpus)
    return f"there is {nodes}: choose another one, or end the program that uses it"


def _may_open(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)
