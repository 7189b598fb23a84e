"""`fer-edge run`."""

import sys
from typing import TYPE_CHECKING, Any

import click

from .faces.options import FACE_OPTIONS
from .mqtt.options import MQTT_OPTIONS
from .options import Options, SectionedCommand
from .outputs.options import OUTPUT_OPTIONS
from .reading.model_options import MODEL_OPTIONS
from .reading.options import COMPARE_OPTIONS, READING_OPTIONS
from .sources.options import SOURCE_OPTIONS
from .web.options import WEB_OPTIONS

if TYPE_CHECKING:
    from .reading.reader import ModelReader

_SECTIONS: dict[str, Options] = {
    "Source": SOURCE_OPTIONS,
    "Model": (*MODEL_OPTIONS, *COMPARE_OPTIONS),
    "Faces": FACE_OPTIONS,
    "Reading": READING_OPTIONS,
    "Outputs": OUTPUT_OPTIONS,
    "Web page": WEB_OPTIONS,
    "MQTT": MQTT_OPTIONS,
}


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.option(
    "--max-frames", type=click.IntRange(1), metavar="N", help="Stop after so many frames."
)
def run(max_frames: int | None, **options: Any) -> None:
    """Read faces: one JSON object per frame, with box, scores and label of each face.

    Nothing is stored unless an output is asked for. Any number of outputs may be named at once; one
    that fails ends the run, and the others are finished.

    \b
    Examples:
        fer-edge run --input photo.jpg
        fer-edge run --input clip.mp4 --quiet --video annotated.mp4 --csv faces.csv
        fer-edge run --input clip.mp4 --quiet --gif share.gif --anonymize
        fer-edge run --camera 0 --jsonl-on change
        fer-edge run --input crops/ --detector none --model my-int8.tflite
    """
    from contextlib import closing
    from functools import partial

    from .faces.options import open_chosen_detector
    from .outputs.options import anonymizing, chosen_sinks, lines_place
    from .pipeline import run_to_end
    from .reading.model_options import open_chosen_model
    from .reading.model_reload import reload_model
    from .reading.options import open_chosen_reader
    from .sources.options import open_chosen_source

    with (
        closing(open_chosen_source(options)) as source,
        open_chosen_reader(options, open_chosen_detector(options), source) as reader,
    ):
        sinks = chosen_sinks(
            options, source, reader.model.labels, comparison=partial(_comparison, reader)
        )
        # a bar where the end is known and no lines run over the same terminal
        is_free = not options["quiet"] and sys.stderr.isatty()
        is_free = is_free and not (lines_place(options) == "-" and sys.stdout.isatty())
        with click.progressbar(
            length=min(source.length or 0, max_frames or source.length or 0),
            label="reading",
            file=sys.stderr,
            hidden=not is_free or source.length is None,
        ) as bar:
            run_to_end(
                source,
                anonymizing(options, reader, source),
                sinks,
                max_frames=max_frames,
                on_frame=bar.update,
                on_reload=partial(reload_model, reader, partial(open_chosen_model, options)),
            )


def _comparison(reader: "ModelReader") -> str | None:
    comparison = reader.comparison()
    return None if comparison is None else comparison.describe()
