"""`fer-edge archive summarize`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.command_options import PATH

if TYPE_CHECKING:
    from .summarize import Archive


@click.command("summarize")
@click.argument("results", type=PATH)
@click.option(
    "--out",
    "folder",
    type=PATH,
    metavar="FOLDER",
    help="Folder for tables and page. Default: summary/ in RESULTS.",
)
@click.option(
    "--clips",
    "most_clips",
    type=click.IntRange(1, 1000),
    default=12,
    show_default=True,
    metavar="N",
    help="Number of clips to list for each expression.",
)
def summarize(results: Path, folder: Path | None, most_clips: int) -> None:
    """Write tables and a page about the results of an archive.

    RESULTS is the folder written by fer-edge archive, in Parquet. The tables are CSV: seconds of
    each expression per video, per hour and per track; coverage, the share of time with a face; the
    share of uncertain faces. The page, index.html, is self-contained.

    \b
    Example:
        fer-edge archive summarize results/
    """
    import sys

    from ..results_folder import require_format

    require_format("parquet")
    from fer_edge.files import check_own_place

    from .page import write_page
    from .summarize import summarize_results

    if folder is None:
        folder = results / "summary"
        check_own_place(folder)  # whoever made the results may have made it a link
    with click.progressbar(
        length=1000, label="summarizing", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        archive = summarize_results(
            results,
            folder,
            most_clips=most_clips,
            on_source=lambda done, total: bar.update(1000 * done // total - bar.pos),
        )
    page = write_page(archive, folder)
    click.echo(_describe(archive))
    click.echo(f"page: {page}")


def _describe(archive: "Archive") -> str:
    from ..progress import duration

    total = float(archive.seconds.sum())
    lines = [
        f"{_number(archive.videos, 'video')}, {duration(archive.looked_at_s)} processed, "
        f"{duration(archive.seen_s)} with a face; {_number(archive.pictures, 'picture')}; "
        f"{_number(archive.faces, 'face')}, {_number(archive.tracks, 'track')}"
    ]
    if total:
        shares = sorted(zip(archive.seconds.tolist(), archive.labels, strict=True), reverse=True)
        lines.append(", ".join(f"{label} {100 * s / total:.1f}%" for s, label in shares if s))
    return "\n".join(lines)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
