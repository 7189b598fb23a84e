"""Lack of memory, which each backend reports in its own way, as one error."""

from collections.abc import Iterator
from contextlib import contextmanager

from fer_edge.errors import TrainingError

_TYPES = ("MemoryError", "ResourceExhaustedError", "OutOfMemoryError")
"""Names of exceptions of NumPy, TensorFlow and Torch, which are compared without an import."""
_WORDS = ("RESOURCE_EXHAUSTED", "not enough memory", "OOM when allocating")
"""Texts in errors of JAX and of Torch on the CPU, which have a general type."""


@contextmanager
def memory_checked(what: str, advice: str) -> Iterator[None]:
    """Turn a lack of memory in the block into an error in one line.

    Args:
        what: What needs the memory, for the message.
        advice: How it can need less.

    Raises:
        TrainingError: The memory of the computer or of the GPU is too small.
    """
    try:
        yield
    except Exception as error:
        if not is_lack_of_memory(error):
            raise
        raise TrainingError(f"the memory is too small for {what}; {advice}") from error


def is_lack_of_memory(error: Exception) -> bool:
    """Return whether an exception means that memory could not be allocated."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint(_TYPES) or any(word in str(error) for word in _WORDS)
