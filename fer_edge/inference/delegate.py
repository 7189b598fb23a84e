"""What runs a graph instead of the CPU: a TFLite delegate, by a short name or by its library.

`edgetpu` is Coral's. Its library takes the option `device`, whose grammar is that of pycoral's
`make_interpreter`: nothing for any Edge TPU, `:N` for the N-th one, `usb`, `usb:N`, `pci`, `pci:N`.
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
from fer_edge.inference.kernel import read_text

EDGETPU_LIBRARIES = {
    "Linux": "libedgetpu.so.1",
    "Darwin": "libedgetpu.1.dylib",
    "Windows": "edgetpu.dll",
}
"""File name of Coral's delegate, by `platform.system()`."""

EDGETPU_OPERATOR = b"edgetpu-custom-op"
"""The custom operator that Google's compiler puts in place of what it compiled."""

# before the first use an Accelerator shows its boot loader, afterwards its runtime
_USB_IDS = (("1a6e", "089a"), ("18d1", "9302"))

_SHORT = re.compile(r"edgetpu(?::(?P<device>(?:usb|pci)(?::\d+)?|\d+))?")
_INSTALL = "install it (Debian, Raspberry Pi OS: libedgetpu1-std, see coral.ai/software)"
_INSTEAD = "or leave the delegate out"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delegate:
    """A delegate to load.

    Attributes:
        library: Name or path of the shared library.
        device: Coral's option: empty for any, else `:0`, `usb`, `usb:0`, `pci` or `pci:0`.
        is_edgetpu: Whether it is Coral's.
    """

    library: str
    device: str = ""
    is_edgetpu: bool = False


@dataclass(frozen=True, slots=True)
class EdgeTpu:
    """An Edge TPU that the kernel sees.

    Attributes:
        bus: usb or pci.
        node: Its file in /dev.
        is_open_to_us: Whether this user may open that file.
    """

    bus: Literal["usb", "pci"]
    node: Path
    is_open_to_us: bool


def parse_delegate(text: str) -> Delegate:
    """Read what `--delegate` was given: edgetpu, edgetpu:usb:0, ..., or a library's path.

    Raises:
        ModelError: It begins with `edgetpu:` and goes on wrongly.
    """
    match = _SHORT.fullmatch(text)
    if match:
        device = match["device"] or ""
        library = EDGETPU_LIBRARIES.get(platform.system(), EDGETPU_LIBRARIES["Linux"])
        return Delegate(library, f":{device}" if device.isdigit() else device, is_edgetpu=True)
    if text.startswith("edgetpu:"):
        raise ModelError(
            f"delegate {text} names no Edge TPU; expected edgetpu, edgetpu:N, edgetpu:usb, "
            "edgetpu:usb:N, edgetpu:pci or edgetpu:pci:N, such as edgetpu:usb:0"
        )
    return Delegate(text, is_edgetpu="edgetpu" in Path(text).name)


def find_library(text: str) -> Delegate:
    """Read what `--delegate` was given, and make sure that its library can be loaded.

    Raises:
        ModelError: The library is missing, or is not a TFLite delegate.
    """
    delegate = parse_delegate(text)
    try:
        # LiteRT's own loader leaves a half-made object that complains when it is freed
        library = ctypes.CDLL(delegate.library)
        if not hasattr(library, "tflite_plugin_create_delegate"):
            raise OSError(f"{delegate.library} is not a TFLite delegate")
    except OSError as error:
        wanted = _INSTALL if delegate.is_edgetpu else "name a TFLite delegate's shared library"
        raise ModelError(
            f"delegate {text} cannot be loaded: {error}; {wanted}, {_INSTEAD}"
        ) from error
    return delegate


def load_delegate(text: str, module: Any) -> Any:
    """Load a delegate.

    Args:
        text: What `--delegate` was given; see `parse_delegate`.
        module: The TFLite runtime's, which has `load_delegate`.

    Returns:
        The runtime's own delegate object.

    Raises:
        ModelError: The library or the device is missing, or cannot be used.
    """
    delegate = find_library(text)
    options = {"device": delegate.device} if delegate.device else {}
    try:
        return module.load_delegate(delegate.library, options)
    except ValueError as error:
        # the runtime's message is "Failed to load delegate from LIBRARY", then the library's own
        _, _, reason = str(error).partition("\n")
        told = f" ({' '.join(reason.split())})" if reason.strip() else ""
        advice = _about_devices() if delegate.is_edgetpu else "see the library's own requirements"
        raise ModelError(
            f"delegate {text} cannot be loaded: {delegate.library} found no device that it could "
            f"use{told}; {advice}, {_INSTEAD}"
        ) from error


def check_compiled(flatbuffer: bytes, text: str, name: str) -> None:
    """Warn of a graph that an Edge TPU will not run, as it was not compiled for it.

    Args:
        flatbuffer: The graph.
        text: What `--delegate` was given.
        name: The model's, for the message.
    """
    if parse_delegate(text).is_edgetpu and EDGETPU_OPERATOR not in flatbuffer:
        log.warning(
            "%s is not compiled for the Edge TPU and runs on the CPU; make a compiled file with: "
            "fer-edge convert --int8 --edgetpu (a detector: convert-detector --edgetpu)",
            name,
        )


def find_edge_tpus(root: Path = Path("/")) -> list[EdgeTpu]:
    """List the Edge TPUs that the kernel sees, without touching them.

    Args:
        root: Where /sys and /dev stand.
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
            "no Edge TPU is to be seen on USB (1a6e:089a, 18d1:9302) or PCIe (/dev/apex_0): "
            "plug it in"
        )
    shut = [str(tpu.node) for tpu in tpus if not tpu.is_open_to_us]
    if shut:
        return f"this user may not open {', '.join(shut)}: join its group (plugdev or apex)"
    nodes = ", ".join(f"{tpu.bus} {tpu.node}" for tpu in tpus)
    return f"there is {nodes}: name another one, or end the program that uses it"


def _may_open(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)
