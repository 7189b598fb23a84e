"""`fer-edge run` and `fer-edge demo`."""

import sys
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)


def model_options(command: Any) -> Any:
    """Add the options that choose a model and how it is run."""
    for option in (
        click.option("--delegate", metavar="LIBRARY", help="TFLite delegate (libedgetpu.so.1)."),
        click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64)),
        click.option(
            "--model",
            default="four-block",
            show_default=True,
            metavar="NAME|FILE",
            help="A bundled model, or a .tflite file made by fer-edge convert.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--input", "path", type=PATH, help="A picture, a folder of pictures, a video file.")
@click.option("--camera", type=click.IntRange(0), metavar="N", help="Camera number, 0 the first.")
@model_options
@click.option(
    "--detector",
    type=click.Choice(["yunet", "none"]),
    default="yunet",
    show_default=True,
    help="none: the pictures are face crops already.",
)
@click.option("--detector-model", type=PATH, help="Another YuNet ONNX file.")
@click.option("--min-score", default=0.6, show_default=True, type=click.FloatRange(0, 1))
@click.option(
    "--jsonl", default="-", show_default=True, metavar="FILE", help="JSON lines; - is stdout."
)
@click.option("--video", type=PATH, help="Write an annotated video (.mp4, .avi, .mkv).")
@click.option("--annotate", type=PATH, help="Write annotated pictures: a file, or a folder.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames.")
def run(
    path: Path | None,
    camera: int | None,
    model: str,
    threads: int,
    delegate: str | None,
    detector: Any,
    detector_model: Path | None,
    min_score: float,
    jsonl: str,
    video: Path | None,
    annotate: Path | None,
    max_frames: int | None,
) -> None:
    """Read faces: one JSON object per frame, with box, scores and label of each face.

    Nothing is stored unless an output is asked for.

    \b
    Examples:
        fer-edge run --input photo.jpg
        fer-edge run --input clip.mp4 --video annotated.mp4
        fer-edge run --camera 0
        fer-edge run --input crops/ --detector none --model my-int8.tflite
    """
    if (path is None) == (camera is None):
        raise click.UsageError("pass either --input or --camera; try: fer-edge run --camera 0")

    from collections.abc import Callable
    from functools import partial

    from .pipeline import run_to_end
    from .reading import open_reader
    from .sinks import AnnotatedPictures, AnnotatedVideo, JsonLines, JsonLinesFile, Sink
    from .sources import Camera, open_source

    with open_reader(
        model,
        detector=detector,
        detector_model=detector_model,
        min_score=min_score,
        threads=threads,
        delegate=delegate,
    ) as reader:
        source = Camera(camera) if camera is not None else open_source(path or Path())

        sinks: list[Callable[[], Sink]] = [
            lambda: JsonLines(sys.stdout) if jsonl == "-" else JsonLinesFile(Path(jsonl))
        ]
        if annotate is not None:
            sinks.append(partial(AnnotatedPictures, annotate, source))
        if video is not None:
            sinks.append(partial(AnnotatedVideo, video, source))
        # a bar where the end is known and no lines run over the same terminal
        is_free = sys.stderr.isatty() and not (jsonl == "-" and sys.stdout.isatty())
        with click.progressbar(
            length=min(source.length or 0, max_frames or source.length or 0),
            label="reading",
            file=sys.stderr,
            hidden=not is_free or source.length is None,
        ) as bar:
            run_to_end(source, reader, sinks, max_frames=max_frames, on_frame=bar.update)


@click.command()
@click.option("--input", "path", type=PATH, help="Your own photograph instead of the sample.")
@model_options
@click.option(
    "--out",
    type=PATH,
    default=Path("fer-edge-demo.png"),
    show_default=True,
    help="The annotated picture.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def demo(
    path: Path | None,
    model: str,
    threads: int,
    delegate: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Read the face on a sample photograph, print it, and write the annotated picture.

    The sample is matplotlib's photograph of Grace Hopper; it is read from the installed package.
    """
    import json

    from fer_edge.errors import SourceError

    from .annotation import annotate
    from .reading import open_reader
    from .sample import sample_photo
    from .sinks import as_record, write_picture
    from .sources import Frame, read_image

    photo = path or sample_photo()
    image = read_image(photo)
    with open_reader(model, threads=threads, delegate=delegate) as reader:
        readings = reader.read(image)
    if not readings:
        raise SourceError(f"no face was found on {photo}; try another photograph with --input")
    write_picture(out, annotate(image, readings))
    if as_json:
        click.echo(json.dumps(as_record(Frame(image, 0, 0.0, str(photo)), readings)))
        return
    for number, reading in enumerate(readings, start=1):
        click.echo(
            f"face {number} of {len(readings)} on {photo.name}: "
            + click.style(f"{reading.label} ({reading.probability:.0%})", bold=True)
        )
        order = sorted(zip(reading.probabilities, reading.labels, strict=True), reverse=True)
        width = max(map(len, reading.labels))
        for probability, label in order:
            click.echo(f"  {label:{width}} {probability:6.1%} {'█' * round(30 * probability)}")
    click.echo(f"annotated picture: {out}")
