"""`fer-edge run`."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fer_edge.cli.command_options import PATH, Options, SectionedCommand
from fer_edge.cli.interrupt import ending_at_once
from fer_edge.cli.option_fields import click_options, option_fields, parameter_name
from fer_edge.cli.written_files import check_written
from fer_edge.errors import ConfigError
from fer_edge.shown import hide, hide_address

from .config import PARTS, RunConfig

if TYPE_CHECKING:
    from ..capture.frame import Source
    from ..publish.service_manager import ServiceManager
    from ..publish.sink import Sink
    from ..recognition.follower import Follower
    from ..recognition.reader import Reader

_HEADINGS = {"recognition": "Recognition", "web": "Web page", "mqtt": "MQTT"}
_SECTIONS: dict[str, Options] = {
    _HEADINGS.get(name, name.capitalize()): click_options(part, section=name)
    for name, part in PARTS.items()
}


@click.command(cls=SectionedCommand, sections=_SECTIONS, params=[*click_options(RunConfig)])
@click.option(
    "--config",
    "config_file",
    type=PATH,
    metavar="FILE",
    help="TOML file of options; options on the command line take precedence.",
)
@click.option(
    "--print-config",
    is_flag=True,
    help="Print all options as a TOML file, with their descriptions, and exit.",
)
@click.pass_context
def run(context: click.Context, /, print_config: bool, **options: Any) -> None:
    """Recognize faces: one JSON object per frame, with box, scores and label of each face.

    Nothing is stored unless an output is requested. Any number of outputs can be used together; an
    output that fails ends the run, and the others have all frames until then.

    \b
    Examples:
        fer-edge run --input photo.jpg
        fer-edge run --input clip.mp4 --quiet --video annotated.mp4 --csv faces.csv
        fer-edge run --input clip.mp4 --quiet --gif share.gif --anonymize
        fer-edge run --camera 0 --jsonl-on change
        fer-edge run --input crops/ --detector none --model my-int8.tflite
    """
    from .combinations import check_complete, check_run

    config = _config_of(context)  # which knows the origin of each option
    check_run(config, os.environ)
    if print_config:
        _print_config(config)
        return
    try:
        config.source.check_complete()
    except ConfigError as error:
        raise click.UsageError(str(error), context) from error
    check_complete(config)
    with ending_at_once():
        _run(config)


def parse_run(arguments: Sequence[str]) -> RunConfig:
    """Return the configuration of `fer-edge run` with these arguments.

    Raises:
        click.UsageError: The command would reject them.
        ConfigError: Their configuration file has a wrong key or value.
    """
    with run.make_context("fer-edge run", list(arguments)) as context:
        if context.params["print_config"]:
            raise click.UsageError(
                "--print-config is for fer-edge run itself; omit it here", context
            )
        return _config_of(context)


def _config_of(context: click.Context) -> RunConfig:
    """Combine the options with the file, if given, and the environment."""
    given = {
        table: {
            name: context.params[parameter_name(table, name)]
            for name, _ in option_fields(part)
            if context.get_parameter_source(parameter_name(table, name))
            is ParameterSource.COMMANDLINE
        }
        for table, part in {"": RunConfig, **PARTS}.items()
    }
    file = context.params["config_file"]
    config = RunConfig()
    if file is not None:
        from .config_file import read_config

        config = read_config(file)
    try:
        config = config.with_values(given).completed(os.environ)
    except ConfigError as error:
        raise click.UsageError(str(error), context) from error
    check_written(config.outputs.files(), (("the file of --config", file), *config.files_read()))
    for secret in config.secrets(os.environ).values():
        hide_address(secret) if "://" in secret else hide(secret)
    return config


def _print_config(config: RunConfig) -> None:
    from .config_file import format_template

    # absolute, so that it is valid in any folder
    text = format_template(config.without_secrets().based_at(Path.cwd()))
    click.echo(text.encode(), nl=False)  # TOML is UTF-8, whatever the terminal's encoding is
    for variable in config.secrets({}):
        click.echo(f"fer-edge: a secret is not printed; set {variable} for the run", err=True)


def _run(config: RunConfig) -> None:
    from ..publish.service_manager import ServiceManager
    from ..publish.unused_memory import share_one_heap

    share_one_heap()
    with ServiceManager() as manager:  # the following steps are slow on a slow board
        manager.starting("opening the source")
        from ..capture.config import open_chosen_source

        with closing(open_chosen_source(config.source)) as source:
            _run_on(config, source, manager)


def _run_on(config: RunConfig, source: "Source", manager: "ServiceManager") -> None:
    manager.starting("loading the model")
    from functools import partial

    from ..publish.chosen import anonymizing
    from ..publish.pipeline import run_to_end
    from ..recognition.config import open_chosen_reader
    from ..recognition.model_config import open_chosen_model
    from ..recognition.model_reload import reload_model
    from ..tracking.config import open_chosen_detector

    with open_chosen_reader(
        config.model,
        config.faces,
        config.recognition,
        detector=open_chosen_detector(config.faces, is_video=source.is_video),
        source=source,
    ) as reader:
        sinks = _sinks(config, source, reader)
        with _progress(config, source.length) as on_frame:
            run_to_end(
                source,
                anonymizing(config.outputs, config.faces, reader, source),
                sinks,
                max_frames=config.max_frames,
                on_frame=on_frame,
                on_reload=partial(reload_model, reader, partial(open_chosen_model, config.model)),
                manager=manager,
            )


@contextmanager
def _progress(config: RunConfig, length: int | None) -> Iterator[Callable[[int], object]]:
    """Show a progress bar if the length is known and no lines are printed on the same terminal."""
    outputs = config.outputs
    sinks = (*outputs.file_sinks(), *outputs.named_sinks())
    lines_run_there = any(sink.prints for sink in sinks) and sys.stdout.isatty()
    if length is None or outputs.quiet or lines_run_there or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(
        length=min(length, config.max_frames or length), label="reading", file=sys.stderr
    ) as bar:
        yield bar.update


def _sinks(
    config: RunConfig, source: "Source", reader: "Reader | Follower"
) -> list[Callable[[], "Sink"]]:
    """Return functions that open the outputs, in opening order."""
    from ..publish.chosen import chosen_sinks
    from ..publish.own_context import OwnContext

    def comparison() -> str | None:
        found = reader.comparison()
        return None if found is None else found.describe()

    pictures = getattr(source, "paths", ())
    check_written(config.outputs.files(), (("one of the inputs", path) for path in pictures))
    return chosen_sinks(
        OwnContext(
            source=source,
            labels=tuple(reader.model.labels),
            model=config.model.model,
            is_quiet=config.outputs.quiet,
            outputs=config.outputs,
            web=config.web,
            mqtt=config.mqtt,
            comparison=comparison if config.model.compare is not None else None,
        )
    )
