"""Files of /proc and /sys that show a GPU, as recorded on machines with a GPU."""

from pathlib import Path


def make_driven(root: Path, model: str, address: str = "0000:01:00.0") -> None:
    """Write the files of a GPU with NVIDIA's driver."""
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
    """Write the files of a display controller on the PCI bus, without a driver."""
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n", "utf-8")
    (folder / "class").write_text("0x030000\n", "utf-8")
