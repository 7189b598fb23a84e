"""Files of weights that declare more than they have, or that lead to other files."""

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed (fer-edge[train])")

from fer_edge.errors import ModelError
from fer_edge.keras_files.hdf5_trial import try_hdf5
from fer_edge.keras_files.weights import checked_weights
from fer_edge.limits import MEMORY_VARIABLE

pytestmark = pytest.mark.train
MOST = 10_000_000


@pytest.fixture(autouse=True)
def _ten_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, str(MOST // 1_000_000))


def empty(group: Any, name: str, size_bytes: int) -> None:
    """Declare an array that has no bytes in the file."""
    group.create_dataset(name, (size_bytes // 4,), "f4", chunks=(1 << 18,), compression="gzip")


def large(file: Any) -> None:
    empty(file, "k", 5 * MOST)


def many(file: Any) -> None:
    for number in range(4):
        empty(file.create_group(f"l{number}"), "k", MOST // 3)


def listed(file: Any) -> None:
    empty(file.create_group("l"), "k", MOST // 2)
    file.attrs["layer_names"] = ["l"]
    file["l"].attrs["weight_names"] = ["k"] * 3


def listed_in_parts(file: Any) -> None:
    empty(file.create_group("l"), "k", MOST // 2)
    file.attrs["layer_names"] = ["l"]
    for number in range(3):
        file["l"].attrs[f"weight_names{number}"] = ["k"]


def listed_layers(file: Any) -> None:
    weights = file.create_group("model_weights")
    empty(weights.create_group("l"), "k", MOST // 2)
    weights.attrs["layer_names"] = [b"l", b"l", b"l"]
    weights["l"].attrs["weight_names"] = [b"k"]


def at_the_top(file: Any) -> None:
    empty(file.create_group("top_level_model_weights"), "k", MOST // 2)
    file["top_level_model_weights"].attrs["weight_names"] = ["k"] * 3


def linked(file: Any) -> None:
    empty(file, "k", MOST // 2)
    for number in range(3):
        file[f"k{number}"] = file["k"]


def external(file: Any) -> None:
    file.create_dataset("k", (4,), "u1", external=[("/etc/hostname", 0, 4)])


def external_link(file: Any) -> None:
    file["k"] = h5py.ExternalLink("other.h5", "/k")


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "k", (4,))
    file.create_virtual_dataset("k", layout)


HOSTILE: dict[Callable[[Any], None], str] = {
    **dict.fromkeys(
        (large, many, listed, listed_in_parts, listed_layers, at_the_top, linked),
        "its arrays declare more than 10 MB",
    ),
    **dict.fromkeys((external, external_link, virtual), "its array k lies in another file"),
}


@pytest.mark.parametrize(
    ("fill", "words"), HOSTILE.items(), ids=[fill.__name__ for fill in HOSTILE]
)
@pytest.mark.parametrize("container", ["hdf5", "keras"])
def test_arrays_that_declare_too_much_or_lie_elsewhere_are_refused_before_they_are_read(
    tmp_path: Path, fill: Callable[[Any], None], words: str, container: str
) -> None:
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    if container == "keras":
        with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
            archive.write(path, "model.weights.h5")
        path = tmp_path / "w.keras"
    tracemalloc.start()
    with pytest.raises(ModelError, match=words), checked_weights(path):
        pass
    assert tracemalloc.get_traced_memory()[1] < MOST
    tracemalloc.stop()


def test_weights_are_passed_on_as_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["l/k"] = np.arange(4)
        file.attrs["layer_names"] = ["l"]
        file["l"].attrs["weight_names"] = ["k"]
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.write(tmp_path / "w.h5", "model.weights.h5")
    for name in ("w.h5", "w.keras"):
        with checked_weights(tmp_path / name) as path, h5py.File(path) as file:
            assert file["l/k"][:].tolist() == [0, 1, 2, 3]


def test_weights_that_unpack_without_bounds_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.keras", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("model.weights.h5", bytes(1000))
    with (
        pytest.raises(ModelError, match=r"model\.weights\.h5 is not stored or deflated"),
        checked_weights(tmp_path / "w.keras"),
    ):
        pass


def test_a_file_that_takes_too_much_memory_on_trial_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs.create("names", ["x" * 30_000_000], dtype=h5py.string_dtype())
    with pytest.raises(ModelError, match="reading it needs more than 10 MB; if you trust it"):
        try_hdf5(tmp_path / "w.h5", "w.h5")
