"""The parts of /proc and /sys by which a GPU is found, as recorded from machines that have one."""

from pathlib import Path


def make_driven(root: Path, model: str, address: str = "0000:01:00.0") -> None:
    """Write what NVIDIA's driver shows of a GPU."""
    folder = root / "proc/driver/nvidia/gpus" / address
    folder.mkdir(parents=True)
    lines = (
        f"Model: \t\t {model}\n"
        "IRQ:   \t\t 57\n"
        "GPU UUID: \t GPU-5f1c4e1a-0000-0000-0000-000000000000\n"
        f"Bus Location: \t {address}\n"
    )
    (folder / "information").write_text(lines, "utf-8")
    make_undriven(root, address)


def make_undriven(root: Path, address: str, vendor: str = "0x10de") -> None:
    """Write what the kernel shows of a display controller on the PCI bus."""
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n", "utf-8")
    (folder / "class").write_text("0x030000\n", "utf-8")
