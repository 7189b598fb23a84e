"""A report as one HTML file without network access and scripts, for phone, print and dark mode.

Every chart has a table next to it, for screen readers and for the exact numbers. This module and
`sections.py` determine the content, `templates/` the layout.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from fer_edge import __version__

from ..probes.disagreements import Disagreement
from .opening import meaning, picture, subject, tiles
from .report import Report, warnings
from .sections import make_sections
from .tables import summary_table
from .verdict import verdict


def report_to_html(
    report: Report,
    disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = (),
) -> str:
    """Create the page.

    Args:
        report: Report.
        disagreements: Faces (uint8, (height, width), gray) on which the headline model and the
            reference disagree; they become part of the file.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["kind"] = lambda block: type(block).__name__
    return templates.get_template("report.html").render(
        names=", ".join(dict.fromkeys(model.name for model in report.models)),
        subject=subject(report),
        verdict=verdict(report),
        meaning=meaning(report),
        warnings=warnings(report),
        tiles=tiles(report),
        picture=picture(report),
        summary=summary_table(report),
        sections=make_sections(report, disagreements),
        version=__version__,
        made=report.made,
    )
