"""Stand-in for the tensors of PyTorch and TensorFlow, as NumPy handles them."""

from typing import Any

from numpy.typing import NDArray


class Tensor:
    """Tensor that converts to an array, or raises an error, like a tensor on a GPU."""

    def __init__(self, array: NDArray[Any], error: Exception | None = None) -> None:
        self._array, self._error = array, error

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self._error is not None:
            raise self._error
        return self._array
