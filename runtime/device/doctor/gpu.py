"""GPUs that a training could use, and whether the installed training libraries can reach them."""

from collections.abc import Mapping, Sequence

from fer_edge.gpus import Gpu
from fer_edge.require import install

from .finding import Finding

_CUDA = {
    "tensorflow": ("nvidia-cudnn-cu12", "train-cuda"),
    "jax": ("jax-cuda12-plugin", "train-jax-cuda"),
}
"""Backend -> the distribution that its wheels for a GPU bring, and the extra that installs it.

The wheels of PyTorch on PyPI bring CUDA on Linux; others say what they lack in their version.
"""


def examine_gpus(gpus: Sequence[Gpu], versions: Mapping[str, str]) -> list[Finding]:
    """Look at the GPUs of a workstation; none found is nothing to say, as on every board.

    Args:
        gpus: See `find_gpus`.
        versions: Of every distribution, names as in PyPI's simple index.
    """
    if not gpus:
        return []
    names = ", ".join(gpu.name for gpu in gpus)
    if not gpus[0].has_driver:
        text = f"NVIDIA at {names}, without its driver"
        return [Finding("gpu", "warning", text, "install NVIDIA's driver, then start again")]
    backends = [name for name in (*_CUDA, "torch") if name in versions]
    if not backends:
        text = f"{names}; nothing is installed that trains on it"
        return [Finding("gpu", "note", text, f"to train here: {install('train-cuda')}")]
    blind = [name for name in backends if not _reaches(name, versions)]
    if not blind:
        return [Finding("gpu", "ok", f"{names}; {', '.join(backends)} with CUDA")]
    extra = _CUDA[blind[0]][1] if blind[0] in _CUDA else "train-torch"
    text = f"{names}; {', '.join(blind)} without CUDA, so training runs on the processor"
    return [Finding("gpu", "warning", text, install(extra))]


def _reaches(backend: str, versions: Mapping[str, str]) -> bool:
    if backend == "torch":
        return "+cpu" not in versions["torch"]
    return _CUDA[backend][0] in versions
