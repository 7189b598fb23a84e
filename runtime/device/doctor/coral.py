"""Check for a Coral Edge TPU and its library."""

import ctypes
import platform
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.inference.delegate import EDGETPU_LIBRARIES, find_edge_tpus, parse_delegate

from .finding import Finding


def examine_coral(root: Path) -> list[Finding]:
    """Find Edge TPUs and libedgetpu; both are optional.

    Args:
        root: Folder that contains /sys and /dev.
    """
    tpus = find_edge_tpus(root)
    name = EDGETPU_LIBRARIES.get(platform.system(), EDGETPU_LIBRARIES["Linux"])
    has_library = _can_load(name)
    if not tpus:
        state = f"{name} is installed" if has_library else f"nor is {name}"
        return [Finding("edge tpu", "ok", f"none is plugged in, {state}; it is optional")]
    findings = []
    for number, tpu in enumerate(tpus):
        place = f"one on {'USB' if tpu.bus == 'usb' else 'PCIe'}, {tpu.node}"
        if not has_library:
            finding = Finding(
                "edge tpu",
                "warning",
                f"{place}, but {name} is not installed",
                "install libedgetpu1-std from Coral's Debian repository (coral.ai/software)",
            )
        elif not tpu.is_open_to_us:
            group = "plugdev" if tpu.bus == "usb" else "apex"
            finding = Finding(
                "edge tpu",
                "warning",
                f"{place}, but this user has no access",
                f"sudo usermod -aG {group} $USER, log in again, and plug it in again",
            )
        else:
            of_bus = sum(other.bus == tpu.bus for other in tpus[:number])
            finding = _try(place, f"edgetpu:{tpu.bus}:{of_bus}", is_here=root == Path("/"))
        findings.append(finding)
    return findings


def _try(place: str, delegate: str, *, is_here: bool) -> Finding:
    """Run the bundled model with the delegate, which crashes if built for another TFLite."""
    from fer_edge.inference.delegate_trial import check_survival
    from fer_edge.model.bundled import DEFAULT_MODEL, find_model
    from fer_edge.model.file import read_model

    try:
        if is_here:
            flatbuffer = read_model(find_model(DEFAULT_MODEL)).flatbuffer
            check_survival(parse_delegate(delegate), delegate, flatbuffer)
    except ModelError as error:
        what, _, advice = str(error).rpartition("; ")
        return Finding("edge tpu", "warning", f"{place}: {what}", advice)
    return Finding("edge tpu", "ok", f"{place}: --delegate {delegate}")


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
