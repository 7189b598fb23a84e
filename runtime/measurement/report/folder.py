"""The three files of a report: `report.html`, `report.json`, `report.md`."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import OutputError
from fer_edge.files import whole_file

from ..probes.disagreements import Disagreement
from .html import report_to_html
from .markdown import report_to_markdown
from .report import Report, report_to_json

NAMES = ("report.html", "report.json", "report.md")


def check_folder(folder: Path) -> None:
    """Check whether a report can be written, before the measurement. No files are left.

    Raises:
        OutputError: The folder cannot be written.
    """
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=standing):
            pass
    except OSError as error:
        raise OutputError(
            f"cannot write a report to {folder}: {error.strerror or error}; choose a folder that "
            "you can write to"
        ) from error


def write_report(
    report: Report,
    folder: str | Path,
    disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = (),
) -> list[Path]:
    """Write all files or none; existing ones with the same names are replaced.

    Args:
        report: Report.
        folder: Output folder.
        disagreements: Faces for `report.html`: each with its picture, uint8 (height, width).

    Returns:
        Paths of the files.

    Raises:
        OutputError: A file cannot be written.
    """
    texts = (
        report_to_html(report, disagreements),
        report_to_json(report),
        report_to_markdown(report),
    )
    paths = [Path(folder) / name for name in NAMES]
    with ExitStack() as stack:  # all are written before the first is renamed
        temporaries = [stack.enter_context(whole_file(path)) for path in paths]
        for temporary, text in zip(temporaries, texts, strict=True):
            # names of files may not be UTF-8
            temporary.write_text(text, "utf-8", "backslashreplace")
    return paths
