"""From result files to tables and a page, one source at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .clips import BestClips, Clip
from .heat_map import HeatMap
from .scan import Scanned, scan_results
from .tables import Tables
from .totals import Times, add_up, all_labels


@dataclass(slots=True)
class Archive:
    """Contents of an archive for the page.

    Attributes:
        labels: Labels of the model, and `uncertain`.
        options: Settings of the results, one key per option.
        heat_map: Heat map of all videos.
        clips: Top clips of each label.
        seconds: (labels,): seconds of faces in videos.
        picture_faces: (labels,): number of faces in pictures.
        seen_s: Seconds of video with a face.
        looked_at_s: Processed seconds of video.
        videos: Number of videos.
        pictures: Number of pictures.
        faces: Number of rows.
        tracks: Number of tracks.
    """

    labels: tuple[str, ...]
    options: Mapping[str, Any]
    heat_map: HeatMap
    seconds: Times
    picture_faces: Times
    clips: dict[str, list[Clip]] = field(default_factory=dict)
    seen_s: float = 0.0
    looked_at_s: float = 0.0
    videos: int = 0
    pictures: int = 0
    faces: int = 0
    tracks: int = 0


def summarize_results(
    results: Path,
    folder: Path,
    *,
    most_clips: int = 12,
    on_source: Callable[[int, int], object] = lambda done, total: None,
) -> Archive:
    """Write the tables of an archive, and return the contents of its page.

    The memory holds one source at a time, the heat map, and one footer per file.

    Args:
        results: Results folder of `fer-edge archive`.
        folder: Output folder of the tables.
        most_clips: Number of clips per label.
        on_source: Called after each source with the number of finished sources and the total.

    Raises:
        SourceError: There is nothing to summarize, or a file is damaged.
        OutputError: The tables cannot be written.
    """
    sources = scan_results(results)
    footer = sources[0].parts[0].footer
    labels = all_labels(footer.labels)
    videos = [source for source in sources if source.kind == "video"]
    nothing = np.zeros(len(labels))
    archive = Archive(
        *(labels, footer.known_options(), HeatMap(videos, len(labels))),
        *(nothing.copy(), nothing.copy()),
    )
    best = BestClips(labels, most_clips)
    with Tables(folder, labels) as tables:
        for done, source in enumerate(sources, start=1):
            _add(archive, source, tables, best)
            on_source(done, len(sources))
        archive.clips = best.best()
        tables.add_clips(archive.clips)
    return archive


def _add(archive: Archive, source: Scanned, tables: Tables, best: BestClips) -> None:
    totals, tracks = add_up(source, archive.labels)
    for track in tracks:
        tables.add_track(source, track)
    tables.add_source(source, totals)
    archive.faces += source.faces
    archive.tracks += totals.tracks
    if source.kind == "pictures":
        archive.pictures += source.frames
        archive.picture_faces += totals.per_label
        return
    archive.videos += 1
    archive.looked_at_s += source.seconds
    archive.seen_s += float(totals.seen_s.sum())
    archive.seconds += totals.per_label
    archive.heat_map.add(source, totals.steps)
    best.add(source.name, totals.steps, source.length_s)
