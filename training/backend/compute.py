"""Backend and devices of a training, for its first log line."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fer_edge.gpus import find_gpus
from fer_edge.require import install

from ..recipes.recipe import Precision
from .devices import device_count
from .keras3 import keras

CUDA_EXTRAS = {"tensorflow": "train-cuda", "jax": "train-jax-cuda", "torch": "train-torch"}
"""Backend -> the extra of fer-edge with CUDA wheels for Linux."""

_INSTRUCTIONS = {"bfloat16": {"amx_bf16", "avx512_bf16"}, "float16": {"amx_fp16", "avx512_fp16"}}
"""16-bit precision -> flags of x86 CPUs that compute in it."""


@dataclass(frozen=True, slots=True)
class Compute:
    """Backend and devices of a training.

    Attributes:
        backend: Keras' backend: tensorflow, jax or torch.
        version: Version of the backend.
        devices: Names of the devices that share each batch, as in the backend.
        precision: Precision of the float stage.
        advice: Next step if the machine has a GPU that the backend does not see, or a CPU on which
            the precision is slow; else empty.
    """

    backend: str
    version: str
    devices: tuple[str, ...]
    precision: Precision
    advice: str = ""

    @property
    def line(self) -> str:
        """As text: `training on tensorflow 2.21.0, cpu:0, float32`."""
        return f"training on {self.backend} {self.version}, {', '.join(self.devices)}, " + (
            self.precision
        )


def find_compute(precision: Precision, root: Path = Path("/")) -> Compute:
    """Return backend and devices of a training in this process.

    Args:
        precision: Precision of the float stage.
        root: Folder that contains /proc and /sys.
    """
    backend = keras.backend.backend()
    # Keras does not list PyTorch's devices
    devices = _torch_devices() if backend == "torch" else list(keras.distribution.list_devices())
    seen = any(not name.lower().startswith("cpu") for name in devices)
    used = [name for name in devices if not seen or not name.lower().startswith("cpu")]
    return Compute(
        backend,
        metadata.version(backend),
        tuple(used[: device_count()]),
        precision,
        "" if seen else advice_for(backend, root) or precision_advice(precision, root),
    )


def advice_for(backend: str, root: Path = Path("/")) -> str:
    """Return advice if this machine has a GPU that the backend does not see; else empty."""
    gpus = find_gpus(root)
    if not gpus:
        return ""
    if not gpus[0].has_driver:
        return (
            f"this machine has an NVIDIA GPU ({gpus[0].name}) without its driver; training runs "
            "on the CPU until the driver is installed"
        )
    return (
        f"this machine has the GPU {gpus[0].name}, but {backend} does not see it; run: "
        f"{install(CUDA_EXTRAS[backend])}"
    )


def precision_advice(precision: Precision, root: Path = Path("/")) -> str:
    """Return advice if 16-bit training is slower than float32 on this x86 CPU; else empty.

    Without instructions for the precision a core converts every number to float32 and back.
    """
    try:
        text = (root / "proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return ""
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), [])
    if precision == "float32" or not flags or _INSTRUCTIONS[precision] & set(flags):
        return ""
    return (
        f"this CPU has no instructions for {precision}, which is slower than float32 then; pass "
        "--precision float32"
    )


def _torch_devices() -> list[str]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [f"gpu:{number}" for number in range(count)] or ["cpu:0"]
