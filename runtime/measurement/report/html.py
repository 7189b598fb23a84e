"""A report as one HTML file: no network, no script; readable on a phone, in print, in the dark.

Every chart has its table below it, for a screen reader and for whoever wants the numbers. The
layout stands in `templates/`, what it shows in `page.py`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from ..probes.disagreements import Disagreement
from .page import make_page
from .report import Report


def report_to_html(
    report: Report,
    disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = (),
) -> str:
    """Write the page.

    Args:
        report: What was measured.
        disagreements: Faces (uint8, (height, width), grey) that the headline's model reads
            otherwise than the reference; they become part of the file.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = make_page(report, disagreements)
    return templates.get_template("report.html").render(page=page).lstrip() + "\n"
