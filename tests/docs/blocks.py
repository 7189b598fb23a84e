"""The fenced blocks of a page, and functions that run them."""

import getpass
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SHOWN_ONLY = "not run"
"""Title of a block that is not run."""
_FENCE = re.compile(
    r'^```(?P<language>\w*)(?: title="(?P<title>[^"]*)")?[^\n]*\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_SEPARATOR = "\x1e"
_NUMBER = re.compile(r"[-+]?\d[\d.,:]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        language: Language after the fence; empty if there is none.
        title: Title after the language; empty if there is none.
        text: Text inside the block.
        line: Line of the page on which the block begins, from 1.
    """

    language: str
    title: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One or more shell commands, and their expected output; None if the page shows none."""

    block: Block
    command: str
    output: str | None


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(
            found["language"],
            found["title"] or "",
            found["text"],
            page.count("\n", 0, found.start()) + 1,
        )
        for found in _FENCE.finditer(page)
    ]


def steps(page: str) -> list[Step]:
    """Return the steps of a page, in order.

    `sh`, `python` and `console` blocks run. A `text` block after a `sh` or `python` block is its
    expected output. A block of another language with a title is written to a file of that name.
    """
    found = []
    for block, after in zip(all_blocks := blocks(page), [*all_blocks[1:], None], strict=True):
        output = after.text if after is not None and after.language == "text" else None
        if block.title == SHOWN_ONLY or block.language == "text":
            continue
        if block.language == "sh":
            found.append(Step(block, block.text, output))
        elif block.language == "python":
            found.append(
                Step(block, f"python - <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\n", output)
            )
        elif block.language == "console":
            found += [Step(block, command, shown) for command, shown in _console(block.text)]
        elif block.title:
            found.append(
                Step(
                    block,
                    f"cat > '{block.title}' <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\n",
                    None,
                )
            )
    return found


def _console(text: str) -> list[tuple[str, str | None]]:
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    pairs = [part.partition("\n") for part in parts]
    return [(command + "\n", output or None) for command, _, output in pairs]


def run(todo: list[Step], folder: Path, *, seconds: float) -> list[tuple[int, str]]:
    """Run steps in one shell; return the exit status and the output of each."""
    script = "".join(
        f"{{\n{step.command}\n}} 2>&1 </dev/null\nprintf '\\n%s%s%s' $'\\x1e' $? $'\\x1e'\n"
        for step in todo
    )
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "USER": getpass.getuser(),
            "COLUMNS": "100",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    pieces = done.stdout.decode("utf-8", "replace").split(_SEPARATOR)
    return [
        (int(status), output) for output, status in zip(pieces[::2], pieces[1::2], strict=False)
    ]


def missing_lines(expected: str, actual: str) -> list[str]:
    """Return the expected lines that the output does not have in this order.

    Numbers and bars may differ, other lines may be in between, and `...` at the end of a line
    matches any rest of the line.
    """
    lines, missing = iter(map(_masked, actual.splitlines())), []
    for line in expected.splitlines():
        wanted = _masked(line)
        begins = wanted.removesuffix("...").rstrip()
        if wanted and begins and not any(_fits(wanted, begins, found) for found in lines):
            missing.append(line)
    return missing


def _fits(wanted: str, begins: str, found: str) -> bool:
    return found.startswith(begins) if wanted.endswith("...") else found == wanted


def _masked(line: str) -> str:
    return " ".join(re.sub("█+", "", _NUMBER.sub("#", line)).split())
