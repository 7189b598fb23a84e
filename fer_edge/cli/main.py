"""The command line: a table of commands, each loaded when it is called.

A command is defined in the `command.py` of its stage, which imports click only; the body of the
command imports the rest. `--help` lists all commands from the table without importing them.
"""

import importlib
import io
import logging
import os
import sys
from typing import Any

import click

from fer_edge import __version__
from fer_edge.chatter import StderrHandler, silence_libraries
from fer_edge.credentials import hide_secrets_of, load_credentials
from fer_edge.limits import MEMORY_MB, MEMORY_VARIABLE, process_limits
from fer_edge.shown import masked

from .failures import Failure, in_one_line
from .interrupt import ending_at_once
from .standard_output import outlive_reader

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("fer_edge.runtime.run.demo_command", "Recognize the face in a sample photograph."),
    "run": ("fer_edge.runtime.run.command", "Recognize faces in pictures, a video or a camera."),
    "archive": (
        "fer_edge.runtime.archive.command",
        "Process thousands of videos and pictures.",
    ),
    "service": (
        "fer_edge.runtime.run.service.command",
        "Run as a systemd service.",
    ),
    "deploy": ("fer_edge.runtime.deploy.command", "Deploy a release to devices over ssh."),
    "benchmark": ("fer_edge.runtime.measurement.command", "Compare models: accuracy and latency."),
    "compare": (
        "fer_edge.runtime.measurement.compare_command",
        "Compare two benchmark reports.",
    ),
    "doctor": (
        "fer_edge.runtime.device.doctor.command",
        "Check this device and give advice.",
    ),
    "models": ("fer_edge.cli.models_command", "Show the bundled models and their cards."),
    "card": ("fer_edge.cli.card_command", "Show, check, change or attach a model's card."),
    "data": ("fer_edge.training.data_command", "Import and inspect face sets."),
    "train": ("fer_edge.training.command", "Train a network on a face set."),
    "sweep": ("fer_edge.training.sweep.command", "Search for the best recipe values."),
    "convert": ("fer_edge.converters.command", "Convert a trained network to .tflite files."),
    "convert-detector": (
        "fer_edge.converters.detector.command",
        "Convert YuNet's .onnx file to .tflite.",
    ),
    "check-edgetpu": (
        "fer_edge.converters.devices.check_command",
        "Check .tflite files for the Edge TPU.",
    ),
}
"""Command -> the module that holds a click command of that name, and its line in `--help`."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "On the device": ("demo", "run", "archive", "service", "deploy", "doctor"),
    "Models": ("models", "card", "benchmark", "compare"),
    "On the workstation": (
        *("data", "train", "sweep", "convert", "convert-detector", "check-edgetpu"),
    ),
}
"""Title in `--help` -> commands."""

_PRINTS_UNTIL_NOBODY_READS = ("run",)
"""Commands that end early, without an error, when the reader of standard output has ended.

All others go on to their verdict: `compare ... | head -1` ends with the exit code of `compare`.
"""

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Log level by the number of -v."""


class LazyGroup(click.Group):
    """A click group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        with ending_at_once():
            module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into `--help` without importing the commands."""
        width = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{width}}", COMMANDS[name][1]) for name in names])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the options of all commands; --help and --version print here."""
        with in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; its errors become one line."""
        _check_limits()
        try:
            with in_one_line():
                return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            # click's message repeats the input
            raise click.UsageError(masked(error.format_message()), error.ctx) from error


def _check_limits() -> None:
    for words, most_mb, least_mb in process_limits():
        if most_mb < least_mb:
            raise Failure(
                f"this process is limited to {most_mb:.0f} MB of {words}, expected at least "
                f"{least_mb:.0f}; limit the memory with cgroups instead (MemoryMax=)"
            )


def _open_standard_streams() -> None:
    """Open standard streams that the caller closed (`>&-`) to /dev/null.

    Otherwise the next opened file would get the free number: an output file with number 2 would
    receive the messages of all libraries.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def _allow_every_name() -> None:
    """Print characters that the terminal's encoding lacks as escapes, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: fer-edge demo",
)
@click.version_option(__version__, prog_name="fer-edge")
@click.option(
    "-v",
    "--verbose",
    count=True,
    help="Print more on standard error; -vv also prints the messages of libraries.",
)
@click.option(
    "--limit-memory",
    type=click.IntRange(1, 1_000_000),
    metavar="MB",
    help="Memory limit for a model or a face set in MB; larger ones are refused. Default: "
    f"{MEMORY_MB}, or {MEMORY_VARIABLE}.",
)
@click.pass_context
def main(ctx: click.Context, verbose: int, limit_memory: int | None) -> None:
    """Facial-expression recognition for the edge: train, convert to a proven int8 file, run."""
    _open_standard_streams()
    _allow_every_name()
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":  # https://no-color.org
        ctx.color = False
    load_credentials(os.environ)
    hide_secrets_of(os.environ)
    if limit_memory is not None:
        os.environ[MEMORY_VARIABLE] = str(limit_memory)  # for child processes, too
    if verbose < 2:
        silence_libraries()
        # its advice on saved models, and on networks that are compiled again
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    outlive_reader("stderr")
    if ctx.invoked_subcommand not in _PRINTS_UNTIL_NOBODY_READS:
        outlive_reader("stdout")
    logging.basicConfig(
        level=logging.WARNING,
        format="fer-edge: %(levelname)s: %(message)s",
        handlers=[StderrHandler()],
    )
    logging.getLogger("fer_edge").setLevel(_LEVELS[min(verbose, 2)])
