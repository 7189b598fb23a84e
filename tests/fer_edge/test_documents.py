import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_edge.documents import parse_json, parse_toml, read_json, read_limited, read_toml
from fer_edge.limits import JSON_BYTES, NESTING, TOML_BYTES
from fer_edge.schema import SchemaError

Parse = Callable[[bytes], object]


@pytest.mark.parametrize(
    ("parse", "data", "words"),
    [
        (parse_json, b"[" * 100_000, "nested deeper"),
        (parse_json, b'{"a":' * 500 + b"1" + b"}" * 500, "nested deeper"),
        (parse_json, b"[" * (NESTING + 1) + b"]" * (NESTING + 1), "nested deeper"),
        (parse_json, b"1" * 5000, "64 bits"),
        (parse_json, b"[9223372036854775808]", "64 bits"),
        (parse_json, b'{"accuracy": Infinity}', "Infinity"),
        (parse_json, b'{"accuracy": NaN}', "NaN"),
        (parse_json, b"[1e999]", "inf"),
        (parse_json, rb'["\ud800"]', "unpaired surrogate"),
        (parse_json, rb'{"\udfff": 1}', "unpaired surrogate"),
        (parse_json, b"\xff\xfe{}", "not UTF-8"),
        (parse_json, b" " * (JSON_BYTES + 1), "larger than"),
        (parse_json, b"{", "not JSON"),
        (parse_toml, b"a = " + b"[" * 100_000, "nested deeper"),
        (parse_toml, b"[" + b"a." * 100_000 + b"a]\nb = 1\n", "nested deeper"),
        (parse_toml, b'"="' + b".a" * 100_000 + b" = 1\n", "nested deeper"),
        (parse_toml, b"a = " + b"{b = " * 100 + b"1" + b"}" * 100, "nested deeper"),
        (parse_toml, b"a = " + b"9" * 5000, "not TOML"),
        (parse_toml, b"a = 9223372036854775808", "64 bits"),
        (parse_toml, b"a = nan", "nan"),
        (parse_toml, b"a = inf", "inf"),
        (parse_toml, b'a = "\xff"', "not UTF-8"),
        (parse_toml, b"#" * (TOML_BYTES + 1), "larger than"),
        (parse_toml, b"a = 2026-99-99", "not TOML"),
        (parse_toml, b'[source]\ninput = "a\\u0000b.mp4"', r"'source\.input' contains a zero byte"),
        (parse_toml, b'a = ["x", "\\u0000"]', "contains a zero byte"),
    ],
)
def test_a_hostile_document_is_refused_with_its_fault(
    parse: Parse, data: bytes, words: str
) -> None:
    with pytest.raises(SchemaError, match=words):
        parse(data)


def test_what_a_document_may_hold_is_read() -> None:
    deep = b"[" * NESTING + b"]" * NESTING
    assert parse_json(deep) is not None
    assert parse_json(b'{"n": [1, -2.5, null, true, "\xc3\xbc"]}') == {
        "n": [1, -2.5, None, True, "ü"]
    }
    assert parse_toml(b'limits = "See fig. 1.2.3."\n[a.b]\nc = 1.5\n') == {
        "limits": "See fig. 1.2.3.",
        "a": {"b": {"c": 1.5}},
    }


def test_a_device_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="larger than"):
        read_json(Path("/dev/zero"))
    (tmp_path / "file").write_bytes(b"12345")
    assert read_limited(tmp_path / "file", 5) == b"12345"
    with pytest.raises(SchemaError, match="larger than 4 bytes"):
        read_limited(tmp_path / "file", 4)


def test_bytes_by_chance_are_parsed_or_refused() -> None:
    chance = random.Random(0)
    alphabet = b"[]{}\",:=.\n0123456789eE+-truefalsnaiN\\u#' \xff"
    for _ in range(3000):
        data = bytes(chance.choice(alphabet) for _ in range(chance.randrange(40)))
        for parse in (parse_json, parse_toml):
            try:
                parse(data)
            except SchemaError as error:
                assert str(error).isprintable() or "not" in str(error)


def test_a_byte_order_mark_is_not_part_of_a_document() -> None:
    assert parse_toml(b"\xef\xbb\xbfa = 1") == parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_named_pipe_is_refused_and_an_open_one_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(OSError, match="it is a named pipe, expected a file"):
        read_toml(tmp_path / "pipe.toml")
    reader, writer = os.pipe()
    os.write(writer, b"a = 1")
    os.close(writer)
    assert read_toml(Path(f"/dev/fd/{reader}")) == {"a": 1}  # as a shell passes <(...)
    os.close(reader)
