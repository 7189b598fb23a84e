"""What PyTorch's and TensorFlow's tensors are to NumPy."""

from typing import Any

from numpy.typing import NDArray


class Tensor:
    """An array, or the error that comes instead: a tensor on a GPU has no array."""

    def __init__(self, array: NDArray[Any], error: Exception | None = None) -> None:
        self._array, self._error = array, error

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self._error is not None:
            raise self._error
        return self._array
