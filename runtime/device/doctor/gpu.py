"""GPUs for training, and whether the installed training libraries can use them."""

from collections.abc import Mapping, Sequence

from fer_edge.gpus import Gpu
from fer_edge.require import install

from .finding import Finding

_CUDA = {
    "tensorflow": ("nvidia-cudnn-cu12", "train-cuda"),
    "jax": ("jax-cuda12-plugin", "train-jax-cuda"),
}
"""Backend -> the distribution in its GPU wheels, and the extra that installs it.

PyTorch's wheels on PyPI include CUDA on Linux; other wheels state their variant in the version.
"""


def examine_gpus(gpus: Sequence[Gpu], versions: Mapping[str, str]) -> list[Finding]:
    """Check the GPUs of a workstation; no finding without GPUs, as on most boards.

    Args:
        gpus: See `find_gpus`.
        versions: Version of every distribution, names as in PyPI's simple index.
    """
    if not gpus:
        return []
    names = ", ".join(gpu.name for gpu in gpus)
    if not gpus[0].has_driver:
        text = f"NVIDIA at {names}, without its driver"
        return [Finding("gpu", "warning", text, "install NVIDIA's driver, then reboot")]
    backends = [name for name in (*_CUDA, "torch") if name in versions]
    if not backends:
        text = f"{names}; no installed library can train on it"
        return [Finding("gpu", "note", text, f"to train here: {install('train-cuda')}")]
    blind = [name for name in backends if not _reaches(name, versions)]
    if not blind:
        return [Finding("gpu", "ok", f"{names}; {', '.join(backends)} with CUDA")]
    extra = _CUDA[blind[0]][1] if blind[0] in _CUDA else "train-torch"
    text = f"{names}; {', '.join(blind)} without CUDA, so training runs on the CPU"
    return [Finding("gpu", "warning", text, install(extra))]


def _reaches(backend: str, versions: Mapping[str, str]) -> bool:
    if backend == "torch":
        return "+cpu" not in versions["torch"]
    return _CUDA[backend][0] in versions
