"""The page of a summary: one self-contained HTML file."""

import base64
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fer_edge.files import cannot_write, whole_file

from ...drawing.palette import UNCERTAIN_BGR, colors_bgr
from .clips import Clip
from .heat_map import CELLS, HeatRow
from .summarize import Archive
from .totals import CLIP_S

PAGE = "index.html"


def write_page(archive: Archive, folder: Path) -> Path:
    """Write the page of an archive.

    Raises:
        OutputError: It cannot be written, or is a symbolic link.
    """
    room = files("fer_edge.runtime.archive.summary")
    text = (room / "page.html").read_text("utf-8")
    data = json.dumps(_data(archive), separators=(",", ":"))
    for place, inner in (
        ("/*STYLE*/", (room / "page.css").read_text("utf-8")),
        ("/*SCRIPT*/", (room / "page.js").read_text("utf-8")),
        # a file name may contain </script>
        ("/*DATA*/", data.replace("<", "\\u003c")),
    ):
        before, _, after = text.partition(place)
        text = before + inner + after
    path = folder / PAGE
    with whole_file(path, follows_link=False) as temporary:
        try:
            temporary.write_text(text, "utf-8")
        except OSError as error:
            raise cannot_write(path, error) from error
    return path


def _data(archive: Archive) -> dict[str, Any]:
    labels = archive.labels
    rows = archive.heat_map.rows
    folders = [str(Path(name).parent) for row in rows for name in (row.first, row.last)]
    root = os.path.commonpath(folders) if folders else ""
    colors = colors_bgr(labels[:-1]) | {labels[-1]: UNCERTAIN_BGR}
    return {
        "labels": labels,
        "colors": {label: color[::-1] for label, color in colors.items()},
        "cells": CELLS,
        "step": CLIP_S,
        "heat": base64.b64encode(archive.heat_map.shares().tobytes()).decode(),
        "rows": [_row(row, root) for row in rows],
        "clips": {
            label: [_clip(clip, root) for clip in clips] for label, clips in archive.clips.items()
        },
        "seconds": archive.seconds.tolist(),
        "pictureFaces": archive.picture_faces.tolist(),
        "lookedAt": archive.looked_at_s,
        "seen": archive.seen_s,
        "videos": archive.videos,
        "pictures": archive.pictures,
        "faces": archive.faces,
        "tracks": archive.tracks,
        "options": dict(archive.options),
    }


def _row(row: HeatRow, root: str) -> dict[str, Any]:
    first = _short(row.first, root)
    if row.count == 1:
        return {"name": first, "href": _link(row.first), "length": row.length_s, "count": 1}
    name = f"{first} … {_short(row.last, root)} ({row.count})"
    return {"name": name, "href": None, "length": row.length_s, "count": row.count}


def _clip(clip: Clip, root: str) -> dict[str, Any]:
    return {
        "name": _short(clip.source, root),
        "href": _link(clip.source),
        "start": clip.start_s,
        "seconds": clip.seconds,
    }


def _link(name: str) -> str:
    return "file://" + quote(name)


def _short(name: str, root: str) -> str:
    """Return a name relative to the folder that all videos share."""
    short = name.removeprefix(root).lstrip("/")
    return short or Path(name).name
