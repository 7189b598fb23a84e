"""Doors that run Python code only: documents, tables, addresses, archives, graphs."""

import io
import json
import pickle
import random
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from fer_edge.errors import FerEdgeError
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.model.archive import read_flatbuffer_file
from fer_edge.model.bundled import bundled_models
from fer_edge.model.card import DataInfo, card_from_json, card_to_json
from fer_edge.model.card_edit import bare_flatbuffer, new_card
from fer_edge.model.file import pack_model, read_model
from fer_edge.model.graph import read_graph
from fer_edge.pictures.kinds import picture_kind
from fer_edge.pictures.size import picture_size
from fer_edge.runfolder import INFO, RunInfo, load_info
from fer_edge.runtime.capture.stream_url import check_url
from fer_edge.runtime.measurement.report.report import read_report, report_to_json
from fer_edge.runtime.publish.mqtt.broker import parse_broker
from fer_edge.runtime.publish.web.address import chosen_token, parse_address
from fer_edge.runtime.run.config import RunConfig
from fer_edge.runtime.run.config_file import format_template, read_config
from fer_edge.schema import encode
from fer_edge.shown import masked
from fer_edge.training.architectures.pytorch_file import read_state
from fer_edge.training.data.class_naming import Naming
from fer_edge.training.data.csv_faces import read_faces
from fer_edge.training.data.fer2013 import read_votes
from fer_edge.training.data.import_notes import Notes
from fer_edge.training.recipes import recipe as recipes
from fer_edge.training.recipes.recipe import bundled_recipes, load_recipe, parse_recipe
from fer_edge.training.reporting.history import load_history
from tests.fuzz.door import Door
from tests.fuzz.mutations import of_bytes, of_json, of_toml, of_zip
from tests.support.cards import CARD
from tests.support.cartoons import make_faces
from tests.support.made_pictures import encode as picture
from tests.support.made_reports import make_model, make_report

ROOT = Path(__file__).parents[2]
DATA = DataInfo("faces.npz", "abc", 100, 10)


def in_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Return a reader of bytes that writes them to a file first."""

    def from_bytes(data: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return from_bytes


def tiny_model() -> bytes:
    return bundled_models()["tiny"].read_bytes()


def _start(data: bytes) -> int:
    return data.index(b"PK\x03\x04")


def _same_or_refused(path: Path) -> None:
    """Read an altered file; an accepted file must have the original network."""
    found, sound = read_model(path), read_model(bundled_models()["tiny"])
    if found.flatbuffer != sound.flatbuffer:
        raise AssertionError("a file with another network was accepted")


def _card_as_used(data: bytes, folder: Path) -> None:
    """Read a card and use it as the program does: write it and format its values."""
    card = card_from_json(data)
    card_to_json(card).encode()
    if card.temperature_scaling is not None:
        card.temperature_scaling.describe()
    json.dumps(encode(card), allow_nan=False)
    f"{card.parameters:,} {card.macs / 1e6:.1f} {card.input.minimum:g}"
    for score in card.scores:
        f"{score.accuracy:.2%} {score.balanced_accuracy:.2%}"


def _graph(data: bytes, folder: Path) -> None:
    graph = read_graph(data)
    _ = graph.counts(), graph.float_operators
    new_card(data, ("a", "b"), name="x", input_range=(0.0, 1.0))


def _card_or_labels(chance: random.Random, data: bytes) -> bytes:
    return of_json(chance, data) if data[:1] == b"{" else of_bytes()(chance, data)


def _faceset() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faces.npz"
        save_faceset(make_faces(per_class=2, validation_per_class=1), path)
        return path.read_bytes()


def _csv() -> bytes:
    rows = ["emotion,pixels,Usage"]
    for label in range(7):
        rows.append(f"{label},{' '.join(str((label * 40 + i) % 256) for i in range(64))},Training")
    return "\n".join(rows).encode()


def _votes_csv() -> bytes:
    names = (
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    )
    return "\n".join([names, *["Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0"] * 4]).encode()


def _run_info() -> bytes:
    return json.dumps(encode(RunInfo("tiny", CARD.labels, 48, DATA, ("keras 3",)))).encode()


def _pictures() -> list[bytes]:
    image = Image.fromarray(np.arange(16 * 12 * 3, dtype=np.uint8).reshape(12, 16, 3))
    kinds = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "JPEG2000")
    return [picture(image, kind) for kind in kinds]


def _size(data: bytes, folder: Path) -> None:
    kind = picture_kind(data)
    if kind is not None:
        picture_size(data, kind)


def _addresses(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", "surrogateescape")
    if ":secret@" in masked(text):
        raise AssertionError("a password was shown")
    for read in (check_url, parse_address, chosen_token, lambda url: parse_broker(url, {})):
        with suppress(FerEdgeError):
            read(text)


def _attached(data: bytes, folder: Path) -> None:
    path = folder / "m.tflite"
    path.write_bytes(data)
    bare_flatbuffer(read_flatbuffer_file(path), "m.tflite")


def _state() -> bytes:
    """Return a state_dict in the file format of PyTorch before 1.6."""
    buffer = io.BytesIO()
    for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(head, buffer, 2)
    body = (
        b"\x80\x02ccollections\nOrderedDict\n)R(X\x01\x00\x00\x00wctorch._utils\n"
        b"_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuK\x06NtQK\x00K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\n"
        b"OrderedDict\n)RtRu."
    )
    buffer.write(body)
    pickle.dump(["0"], buffer, 2)
    buffer.write(struct.pack("<q", 6) + np.arange(6, dtype="<f4").tobytes())
    return buffer.getvalue()


def _recipe(data: bytes, folder: Path) -> None:
    recipes.format_recipe(parse_recipe(data, where="recipe"))


def _history() -> bytes:
    head = "number,learning_rate,loss,accuracy,validation_loss,validation_accuracy,seconds"
    return f"{head}\n1,0.001,1.5,0.4,1.4,0.45,10.0\n2,0.001,1.2,0.5,1.3,0.5,10.0\n".encode()


_TABLE = of_bytes(b",", b'"', b"\n", b"\r", b"Training", b"-1", b"256", b"9" * 30, b"\xef\xbb\xbf")

PYTHON_DOORS = (
    Door("card", lambda: [card_to_json(CARD).encode()], of_json, _card_as_used),
    Door(
        "run.json",
        lambda: [_run_info()],
        of_json,
        in_file(INFO, lambda path: load_info(path.parent)),
    ),
    Door(
        "report",
        lambda: [report_to_json(make_report(make_model("int8"), make_model("float32"))).encode()],
        of_json,
        in_file("report.json", read_report),
        most=100,
    ),
    Door(
        "recipe",
        lambda: [recipes.format_recipe(load_recipe(name)).encode() for name in bundled_recipes()],
        of_toml,
        _recipe,
    ),
    Door(
        "config",
        lambda: [
            (ROOT / "examples" / "door.toml").read_bytes(),
            format_template(RunConfig()).encode(),
        ],
        of_toml,
        in_file("run.toml", read_config),
    ),
    Door(
        "csv",
        lambda: [_csv()],
        _TABLE,
        in_file(
            "faces.csv",
            lambda path: read_faces(
                path, naming=Naming(), notes=Notes(skips_broken=False), on_progress=lambda n: None
            ),
        ),
    ),
    Door(
        "votes",
        lambda: [_votes_csv()],
        _TABLE,
        in_file("votes.csv", lambda path: read_votes(path, np.zeros(4, np.uint8))),
    ),
    Door("history", lambda: [_history()], _TABLE, in_file("history.csv", load_history)),
    Door(
        "faceset",
        lambda: [_faceset()],
        of_zip(of_bytes(b"'shape': (", b"'descr': '|O'", b"9" * 20, b"((", b"\x93NUMPY")),
        in_file("faces.npz", load_faceset),
    ),
    Door(
        "altered",
        lambda: [tiny_model()],
        of_bytes(b"PK\x05\x06"),
        in_file("m.tflite", _same_or_refused),
    ),
    Door(
        "container",
        lambda: [pack_model(b"\x1c\x00\x00\x00TFL3" + bytes(64), CARD)],
        of_zip(_card_or_labels, start=_start),
        in_file("m.tflite", read_model),
    ),
    Door("attached", lambda: [tiny_model()[-3000:], tiny_model()], of_bytes(b"TFL3"), _attached),
    Door(
        "graph",
        lambda: [read_model(bundled_models()["tiny"]).flatbuffer],
        of_bytes(),
        _graph,
        most=60,
    ),
    Door(
        "weights",
        lambda: [_state()],
        of_bytes(b"(", b"R", b"t", b"\x8a", b"r", b"\x95"),
        in_file("w.pth", read_state),
    ),
    Door("picture-size", _pictures, of_bytes(b"\xff\xc0", b"IHDR", b"VP8X", b"ispe"), _size),
    Door(
        "addresses",
        lambda: [b"rtsp://u:secret@host:554/a?b=c", b"mqtts://u:secret@[::1]:8883/t", b"[::1]:80"],
        of_bytes(b"://", b"@", b":", b"[", b"]", b"%", b"\xff", b"?", b"#", b"xn--"),
        _addresses,
    ),
)
