"""Weights of an untrusted file for a network that is known: checked before Keras opens them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_edge.keras_files.config import damage_is_one_line, extract_weights, is_hdf5
from fer_edge.keras_files.hdf5_arrays import check_arrays
from fer_edge.keras_files.hdf5_trial import try_hdf5
from fer_edge.limits import memory_bytes


@contextmanager
def checked_weights(path: Path) -> Iterator[Path]:
    """Yield an HDF5 file of weights that is safe to open: the file, or that in a `.keras` file.

    Raises:
        ModelError: It is damaged, or declares more than `limits.memory_bytes`.
    """
    with TemporaryDirectory(prefix="fer-edge-") as folder:
        with damage_is_one_line(path):
            if is_hdf5(path):
                try_hdf5(path, str(path))
                weights = path
            else:
                weights = extract_weights(path, Path(folder), memory_bytes())
            check_arrays(weights, memory_bytes())
        yield weights
