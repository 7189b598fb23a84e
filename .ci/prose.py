"""Spelling by codespell, then the project's own rules of English: `make lint` runs it.

python .ci/prose.py [FILE...]        default: every text file that git tracks
Exit code 1 if there is a finding; each is one line: path:line: words; what to write instead.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = {".gif", ".h5", ".jpg", ".keras", ".npz", ".png", ".svg", ".tflite"}
NOT_OURS = ("LICENSE", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "tests/fuzz/corpus")
NOT_OURS += (".ci/prose.py", "tests/test_prose.py")
"""Texts of others, history, this list of words and its tests."""

BRITISH = r"colour|grey|licence|centre(?!nd)|labelled(?!by)|neighbour|behaviour|[a-z]isation"
"""Looked for in names too; codespell finds whole words only, and knows many more."""
RULES = {
    BRITISH: "American spelling",
    r"(?<![\w.])[\d.]+ %(?=[\s\"'.,;:)|]|$)|\bper cent\b": "80%, without a space",
    r"(?<!there )\b(is|was) no (?!longer|more|less)": "is not a ...",
    r"(?<![.])\bwant(s|ed)?\b(?!=)": "needs, requires, expects; expected",
    r"\b(tells|told)\b": "shows, reports, states",
    r"\banew\b": "again",
    r"\blikewise\b": "the same",
    r"\bmend(s|ed|ing)?\b": "fix, repair",
    r"\bbeside\b(?!:)": "next to, with",
    r"\bsa(ys|id|y) so\b": "states this",
    r"\bof (its|their) own\b(?! \w)": "its own, separate",
    r"\bwere it\b|\bcome what may\b|\bupon\b|\bin vain\b": "plain words in plain order",
}
"""Pattern -> what to write instead."""
PLACEHOLDER = re.compile(r"\{[^{}\n]*\}")
"""In strings of Python: a name, not prose."""


def tracked() -> list[Path]:
    """Return the text files of the repository."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and Path(name).suffix not in BINARY]


def findings(path: Path) -> Iterator[str]:
    """Apply the rules to a file, one line for each finding."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".py":
        text = PLACEHOLDER.sub(lambda found: " " * len(found[0]), text)
    prose: list[tuple[int, int]] | None = None
    for pattern, advice in RULES.items():
        for found in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE):
            if path.suffix == ".py" and pattern != BRITISH:
                prose = _prose(text) if prose is None else prose
                if not any(start <= found.start() < end for start, end in prose):
                    continue
            line = text.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: {found[0].strip()}; write: {advice}"


def _prose(text: str) -> list[tuple[int, int]]:
    """Return where the comments and strings of a Python file begin and end."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [
        (starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in (tokenize.COMMENT, tokenize.STRING)
    ]


def main(names: list[str]) -> int:
    """Check files; returns the exit code."""
    files = [Path(name).resolve() for name in names] or tracked()
    own = tuple(str(ROOT / name) for name in NOT_OURS)
    paths = [
        path.relative_to(ROOT) for path in files if path.is_file() and not str(path).startswith(own)
    ]
    spelling = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *map(str, paths)], cwd=ROOT, check=False
    )
    lines = [line for path in paths for line in findings(path)]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines or spelling.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
