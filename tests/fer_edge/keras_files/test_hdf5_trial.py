"""HDF5 files on which libhdf5 hangs, or crashes the process."""

from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed (fer-edge[train])")

from fer_edge.errors import ModelError
from fer_edge.keras_files import hdf5_trial
from fer_edge.keras_files.config import read_config
from fer_edge.keras_files.hdf5_trial import try_hdf5

pytestmark = pytest.mark.train

ENDLESS = Path(__file__).with_name("endless.h5")
"""A small network as changed by `make fuzz`; its SHA-256 begins with 403d77b6."""


def test_a_file_that_is_read_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_trial, "TRIAL_S", 1.0)
    with pytest.raises(ModelError, match=r"endless\.h5 .* within 1 s; it is damaged"):
        read_config(ENDLESS)


def test_a_sound_file_passes_and_an_error_is_left_to_the_reading(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "sound.h5", "w") as file:
        file.attrs["model_config"] = "{}"
        file["weights/dense"] = np.zeros((100, 100))
        file["weights/again"] = file["weights"]  # a group that contains itself
    try_hdf5(tmp_path / "sound.h5", "sound.h5")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "sound.h5").read_bytes()[:1000])
    try_hdf5(tmp_path / "cut.h5", "cut.h5")
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        read_config(tmp_path / "cut.h5")
