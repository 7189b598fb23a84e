"""What a training computes on, in the words of its first line."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fer_edge.gpus import find_gpus
from fer_edge.require import install

from ..recipes.recipe import Precision
from .devices import device_count
from .keras3 import keras

CUDA_EXTRAS = {"tensorflow": "train-cuda", "jax": "train-jax-cuda", "torch": "train-torch"}
"""Backend -> the extra of fer-edge whose wheels bring CUDA on Linux."""


@dataclass(frozen=True, slots=True)
class Compute:
    """What a training computes on.

    Attributes:
        backend: Keras' backend: tensorflow, jax or torch.
        version: Of the backend.
        devices: Names of the devices that share each batch, as the backend has them.
        precision: Of the float stage.
        advice: What to do where the machine has a GPU that the backend does not see; empty else.
    """

    backend: str
    version: str
    devices: tuple[str, ...]
    precision: Precision
    advice: str = ""

    @property
    def line(self) -> str:
        """For people: `training on tensorflow 2.21.0, cpu:0, float32`."""
        return f"training on {self.backend} {self.version}, {', '.join(self.devices)}, " + (
            self.precision
        )


def find_compute(precision: Precision, root: Path = Path("/")) -> Compute:
    """Return what a training of this process computes on.

    Args:
        precision: Of the float stage.
        root: Where /proc and /sys stand.
    """
    backend = keras.backend.backend()
    devices = list(keras.distribution.list_devices())
    if backend == "torch":  # Keras lists devices of PyTorch only in newer versions
        devices = _torch_devices()
    seen = any(not name.lower().startswith("cpu") for name in devices)
    used = [name for name in devices if not seen or not name.lower().startswith("cpu")]
    return Compute(
        backend,
        metadata.version(backend),
        tuple(used[: device_count()]),
        precision,
        "" if seen else advice_for(backend, root),
    )


def advice_for(backend: str, root: Path = Path("/")) -> str:
    """Say what to do where this machine has a GPU and the backend sees none; empty without one."""
    gpus = find_gpus(root)
    if not gpus:
        return ""
    if not gpus[0].has_driver:
        return (
            f"this machine has a GPU of NVIDIA ({gpus[0].name}) without its driver; training runs "
            "on the processor until the driver is installed"
        )
    return (
        f"this machine has the GPU {gpus[0].name}, and {backend} does not see it; "
        f"run: {install(CUDA_EXTRAS[backend])}"
    )


def _torch_devices() -> list[str]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [f"gpu:{number}" for number in range(count)] or ["cpu:0"]
