"""Damaged and hostile Keras files: `convert` prints one clear line, never a traceback."""

import json
import zipfile

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

import h5py

from fer_edge.faces.labels import FER2013
from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import (
    KINDS,
    as_run_folder,
    change_config,
    keras_of,
    layer_of,
    saved,
    small_network,
    write_entries,
)

pytestmark = pytest.mark.train


@pytest.fixture
def convert(cartoons, fer_edge, tmp_path):
    def invoke(path, *more):
        labels = ("--labels", ",".join(FER2013)) if path.suffix else ()
        out = ("--data", cartoons, "--out", tmp_path / "out", "--float32", *labels, *more)
        return fer_edge("convert", path, *out)

    return invoke


@pytest.fixture(params=KINDS)
def sound(request, tmp_path):
    return saved(small_network(keras_of(request.param)), tmp_path / request.param)


@pytest.mark.parametrize("seed", range(4))
def test_changed_bytes_are_one_clear_line_or_harmless(convert, sound, seed):
    random = np.random.default_rng(seed)
    data = bytearray(sound.read_bytes())
    for place in random.integers(0, len(data), 40):
        data[place] = random.integers(256)
    sound.write_bytes(data)
    result = convert(sound, "--trust-claims")
    if result.exit_code != 0:
        assert_one_clear_line(result, sound.name)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_is_cut_short_is_one_clear_line(convert, sound, share):
    data = sound.read_bytes()
    sound.write_bytes(data[: int(share * len(data))])
    assert_one_clear_line(convert(sound), sound.name, "cannot be read")


def nested(config):
    layer = layer_of(config, "Dense")
    for _ in range(400):
        layer["config"] = {"config": layer["config"]}


def units(value):
    def change(config):
        layer_of(config, "Dense")["config"]["units"] = value

    return change


def strides(config):
    layer_of(config, "Conv2D")["config"]["strides"] = [1, 10**18]


def a_call_that_never_comes(config):
    """Refer to a call of the convolution that does not exist: Keras would wait for it forever."""
    name = layer_of(config, "Conv2D")["config"]["name"]
    stack = [layer_of(config, "GlobalAveragePooling2D")["inbound_nodes"]]
    while stack:
        value = stack.pop()
        if isinstance(value, list) and value[:1] == [name]:
            value[1] = 5
        stack += value.values() if isinstance(value, dict) else ()
        stack += value if isinstance(value, list) else ()


def a_layer_name_that_is_not_text(config):
    layer_of(config, "Dense")["config"]["name"] = 5


def a_class_name_of_control_characters(config):
    layer_of(config, "Dense")["class_name"] = "Den\nse\x1b[31m\ud800" + "x" * 500


def without_class(config):
    layer_of(config, "Dense")["class_name"] = ["Dense"]


def with_a_list_as_layers(config):
    config["config"]["layers"] = [[1, 2], None, "Dense"]


def without_layers(config):
    config["config"] = None


@pytest.mark.parametrize(
    "change",
    [
        *(nested, without_class, with_a_list_as_layers, without_layers, strides),
        *(a_call_that_never_comes, a_layer_name_that_is_not_text),
        a_class_name_of_control_characters,
        *map(units, (10**12, 10**400, -3, 1e300, float("nan"), "seven", None, True, {}, [7])),
    ],
)
def test_a_configuration_out_of_bounds_is_one_clear_line(convert, sound, change):
    change_config(sound, change)
    assert_one_clear_line(convert(sound), sound.name)


@pytest.mark.parametrize("text", ["", "[", "[" * 200_000, '"a"', "1" * 10_000, "[]", "null"])
def test_a_configuration_that_is_not_one_is_one_clear_line(convert, tmp_path, text):
    path = saved(small_network(keras_of("keras3")), tmp_path / "x.keras")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    write_entries(path, {**entries, "config.json": text.encode()})
    assert_one_clear_line(convert(path), "x.keras", "cannot be read")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["model_config"] = text
    assert_one_clear_line(convert(tmp_path / "x.h5"), "x.h5", "cannot be read")


def test_a_configuration_that_unpacks_to_gigabytes_is_not_unpacked(convert, tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (80 << 20))
    assert_one_clear_line(convert(path), "bomb.keras", "83886080 bytes")


def test_arrays_in_other_files_are_refused(convert, tmp_path):
    path = saved(small_network(keras_of("keras2")), tmp_path / "x.h5")
    (tmp_path / "secret").write_bytes(bytes(4096))
    with h5py.File(path, "r+") as file:
        outside = [(str(tmp_path / "secret"), 0, 4096)]
        file.create_dataset("theirs", (1024,), "f4", external=outside)
    assert_one_clear_line(convert(path), "x.h5", "theirs lies in another file")
    with h5py.File(path, "r+") as file:
        del file["theirs"]
        file["theirs"] = h5py.ExternalLink(tmp_path / "other.h5", "/")
    assert_one_clear_line(convert(path), "x.h5", "theirs lies in another file")


def test_arrays_larger_than_memory_are_refused(convert, tmp_path):
    path = saved(small_network(keras_of("keras2")), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.create_dataset("theirs", (1 << 40,), "f4", chunks=(1 << 20,))
    assert_one_clear_line(convert(path), "x.h5", "declare more than 4,295 MB")


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_a_damaged_run_folder_is_one_clear_line(convert, trained, tmp_path, kind):
    path = saved(small_network(keras_of(kind)), tmp_path / kind)
    change_config(path, units(10**12))
    run = as_run_folder(trained[0], tmp_path / "run", path)
    assert_one_clear_line(convert(run), "units is 1000000000000")
    path.write_bytes(path.read_bytes()[:2000])
    for name in ("model.keras", "qat.h5"):
        if (run / name).read_bytes() != (trained[0] / name).read_bytes():
            (run / name).write_bytes(path.read_bytes())
    assert_one_clear_line(convert(run), "cannot be read")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("keras3", "x.weights.h5"), ("keras2", "x.weights.h5"), ("keras2", "x.h5")],
)
def test_weights_without_their_network_are_called_so(convert, tmp_path, kind, name):
    small_network(keras_of(kind)).save_weights(tmp_path / name)
    assert_one_clear_line(
        convert(tmp_path / name), name, "contains weights without a network", "model.save"
    )


def test_another_hdf5_file_is_called_so(convert, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["pictures"] = np.zeros((3, 48, 48))
    assert_one_clear_line(convert(tmp_path / "x.h5"), "without a Keras network")


def test_an_archive_without_a_network_is_called_so(convert, tmp_path):
    path = write_entries(tmp_path / "x.keras", {"readme.txt": b"hello"})
    assert_one_clear_line(convert(path), "x.keras", "no config.json")
    config = json.dumps({"class_name": "Sequential", "config": {"layers": []}}).encode()
    write_entries(path, {"config.json": config})
    assert_one_clear_line(convert(path), "x.keras", "no model.weights.h5")
