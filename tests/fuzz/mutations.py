"""Mutations of valid inputs: bytes, JSON trees, lines of TOML, members of archives.

Each mutation takes a `random.Random` that is seeded with the number of the input, so that a number
gives equal bytes on all machines.
"""

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

Mutate = Callable[[random.Random, bytes], bytes]

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e-320, 1e308),
    *(
        float("nan"),
        float("inf"),
        "",
        "x",
        "\0",
        "\ud800",
        "a\nb",
        "\x1b[31m",
        "ü" * 300,
        "9" * 5000,
    ),
    *([], {}, [[]], [1, "2"], {"a": {}}, [0.1] * 3, ["a"] * 2000),
)
_TOML_VALUES = (
    *("nan", "inf", "-1", "0", "1e400", "9223372036854775808", "true", '""', "''", "[]", "{}"),
    *('"\\u0000"', '"\\ud800"', "'''", '"""', "1979-05-27T07:32:00Z", "0x", "[[1]]", "{a = 1}"),
    *("[" * 200, '"' + "x" * 2000 + '"', "99999999999999999999999", "0.1.2"),
)


def of_bytes(*tokens: bytes) -> Mutate:
    """Return a mutation of bytes that also inserts these tokens of the format."""

    def mutate(chance: random.Random, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _change(chance, changed, tokens)
        return bytes(changed[: 4 << 20])

    return mutate


def _change(chance: random.Random, data: bytearray, tokens: Sequence[bytes]) -> None:
    place = chance.randrange(len(data) + 1)
    width = min(chance.choice((1, 2, 4, 8, 64, 1024)), len(data) - place)
    kind = chance.randrange(9 if tokens else 8)
    if kind == 0 and place < len(data):
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1 and place < len(data):
        data[place] = chance.randrange(256)
    elif kind == 2:
        order = chance.choice(("little", "big"))
        number = chance.choice(_NUMBERS).to_bytes(8, "little")[: chance.choice((1, 2, 4, 8))]
        data[place : place + len(number)] = number if order == "little" else number[::-1]
    elif kind == 3:
        del data[place : place + width]
    elif kind == 4:
        data[place:place] = data[place : place + width]
    elif kind == 5:
        other = chance.randrange(len(data) + 1)
        data[place : place + width] = data[other : other + width]
    elif kind == 6 and chance.random() < 0.2:
        del data[place:]
    elif kind == 7:
        data[place:place] = chance.randbytes(chance.choice((1, 4, 16)))
    elif tokens:
        token = chance.choice(tokens)
        data[place : place + chance.choice((0, len(token)))] = token


def of_json(chance: random.Random, data: bytes) -> bytes:
    """Change a JSON document: mostly its tree, sometimes its bytes."""
    if chance.random() < 0.2:
        return of_bytes(b"[", b"{", b'"', b"NaN", b"1e999", rb"\ud800", b"null")(chance, data)
    return json.dumps(changed_tree(chance, json.loads(data))).encode("utf-8", "surrogatepass")


def changed_tree(chance: random.Random, tree: Any) -> Any:
    """Return a copy of a JSON tree with one to three changed places."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = list(_places(tree))
        if not places:
            return chance.choice(_LEAVES)
        home, key = chance.choice(places)
        _change_place(chance, home, key)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found, stack = [], [tree]
    while stack:
        home = stack.pop()
        keys = list(home) if isinstance(home, dict) else range(len(home))
        for key in keys:
            found.append((home, key))
            if isinstance(home[key], dict | list):
                stack.append(home[key])
    return found


def _change_place(chance: random.Random, home: Any, key: Any) -> None:
    kind = chance.randrange(7)
    if kind == 0:
        del home[key]
    elif kind == 1 and isinstance(home, dict):
        letters = list(key) or ["x"]
        letters[chance.randrange(len(letters))] = chance.choice("ax_\0é9")
        home["".join(letters)] = home.pop(key)
    elif kind == 2 and isinstance(home, list):
        home.extend(home[: chance.randrange(1, 50)])
    elif kind == 3:
        for _ in range(chance.choice((1, 3, 100))):
            home[key] = [home[key]] if chance.random() < 0.5 else {"a": home[key]}
    elif kind == 4 and isinstance(home[key], int | float) and abs(home[key]) < 1e300:
        home[key] = home[key] * chance.choice((-1, 0, 10, 1e9, 1e300)) + chance.choice((0, 1, 0.5))
    elif kind == 5 and isinstance(home[key], str):
        text = home[key]
        place = chance.randrange(len(text) + 1)
        home[key] = (
            text[:place] + chance.choice(("\n", "\0", "\ud800", "x" * 500, "../")) + text[place:]
        )
    else:
        home[key] = copy.deepcopy(chance.choice(_LEAVES))


def of_toml(chance: random.Random, data: bytes) -> bytes:
    """Change a TOML document: mostly its lines, sometimes its bytes."""
    if chance.random() < 0.3:
        return of_bytes(b"[", b"]", b"=", b'"', b"'''", b"\\u", b"#", b".", b"\n")(chance, data)
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(lines))
        key, equals, _ = lines[place].partition("=")
        kind = chance.randrange(5)
        if kind == 0:
            lines[place] = f"{key}= {chance.choice(_TOML_VALUES)}"
        elif kind == 1:
            lines.insert(place, chance.choice(lines))
        elif kind == 2:
            del lines[place]
            lines = lines or [""]
        elif kind == 3:
            depth = chance.choice((2, 10, 70, 5000))
            lines[place] = (
                "[" + ".".join(["a"] * depth) + "]" if not equals else "a." * depth + lines[place]
            )
        else:
            letters = list(lines[place]) or ["x"]
            letters[chance.randrange(len(letters))] = chance.choice('=[]{}".#x\0é')
            lines[place] = "".join(letters)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def of_zip(inner: Mutate, *, start: Callable[[bytes], int] = lambda data: 0) -> Mutate:
    """Return a mutation of a ZIP archive: of its bytes, or of a member with a correct checksum.

    Args:
        inner: Mutation of the content of a member.
        start: Function that returns the offset of the archive in the data.
    """
    plain = of_bytes(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x0c\x00", b"\x08\x00")

    def mutate(chance: random.Random, data: bytes) -> bytes:
        if chance.random() < 0.4:
            return plain(chance, data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(item.filename, archive.read(item)) for item in archive.infolist()]
        place = chance.randrange(len(members))
        name, content = members[place]
        kind = chance.randrange(8)
        if kind == 0:
            del members[place]
        elif kind == 1:
            members.append((name.replace(chance.choice(name), chance.choice("ax0."), 1), content))
        elif kind == 2:
            members[place] = (name, bytes(chance.choice((0, 1, 10_000_000))))
        else:
            members[place] = (name, inner(chance, content))
        method = chance.choice((*[zipfile.ZIP_STORED] * 4, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
        buffer = io.BytesIO(data[: start(data)])
        buffer.seek(0, io.SEEK_END)
        with zipfile.ZipFile(buffer, "a", method) as archive:
            for name, content in members:
                archive.writestr(
                    zipfile.ZipInfo(name or "x", (1980, 1, 1, 0, 0, 0)), content, method
                )
        return buffer.getvalue()

    return mutate
