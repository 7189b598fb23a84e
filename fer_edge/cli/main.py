"""The command line: a table of commands, each loaded when it is called.

A command lives in its stage's `command.py`, which imports click only; the work is imported inside
the command's body. `--help` lists all of them from the table without loading any.
"""

import importlib
import logging
import os
import sys
from typing import Any

import click

from fer_edge import __version__
from fer_edge.chatter import StderrHandler, silence_libraries
from fer_edge.credentials import load_credentials
from fer_edge.errors import ConfigError, FerEdgeError
from fer_edge.limits import (
    LEAST_ADDRESS_SPACE_MB,
    MEMORY_MB,
    MEMORY_VARIABLE,
    address_space_mb,
)
from fer_edge.require import missing
from fer_edge.shown import hide_secrets_of, masked

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("fer_edge.runtime.run.demo_command", "Read the face on a sample photograph."),
    "run": ("fer_edge.runtime.run.command", "Read faces from pictures, a video or a camera."),
    "archive": (
        "fer_edge.runtime.archive.command",
        "Read thousands of videos and pictures, and summarize them.",
    ),
    "service": (
        "fer_edge.runtime.run.service.command",
        "Run as a systemd service.",
    ),
    "deploy": ("fer_edge.runtime.deploy.command", "Bring a release to devices over ssh."),
    "benchmark": ("fer_edge.runtime.measurement.command", "Compare models: accuracy and latency."),
    "compare": (
        "fer_edge.runtime.measurement.compare_command",
        "Compare two reports of benchmark.",
    ),
    "doctor": (
        "fer_edge.runtime.device.doctor.command",
        "Check this device, and advise.",
    ),
    "models": ("fer_edge.cli.models_command", "Show the bundled models and their cards."),
    "card": ("fer_edge.cli.card_command", "Show, check, change or attach a model's card."),
    "data": ("fer_edge.training.data_command", "Import and inspect face sets."),
    "train": ("fer_edge.training.command", "Train a network on a face set."),
    "sweep": ("fer_edge.training.sweep.command", "Search for a recipe's best values."),
    "convert": ("fer_edge.converters.command", "Turn a trained run into .tflite files."),
    "convert-detector": (
        "fer_edge.converters.detector.command",
        "Turn YuNet's .onnx file into the face detector's.",
    ),
    "check-edgetpu": (
        "fer_edge.converters.devices.check_command",
        "Check .tflite files for the Edge TPU.",
    ),
}
"""Command -> the module that holds a click command of that name, and its line in `--help`."""

HEAVY = (
    "keras",
    "tensorflow",
    "tf_keras",
    "tensorflow_model_optimization",
    "matplotlib",
)


_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""By the number of -v."""


class Failure(click.ClickException):
    """An error of ours, printed as one line."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print it on standard error."""
        message = " ".join(self.message.split())  # a library's own message may have line breaks
        click.echo(f"fer-edge: error: {masked(message)}", err=True)


class WrongUse(Failure):
    """A wrong configuration: as a wrong option it is not tried again by systemd."""

    exit_code = click.UsageError.exit_code


class LazyGroup(click.Group):
    """A click group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into `--help` without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of ours become one line."""
        if (space_mb := address_space_mb()) is not None and space_mb < LEAST_ADDRESS_SPACE_MB:
            raise Failure(
                f"this process may use {space_mb:.0f} MB of address space (ulimit -v), expected at "
                f"least {LEAST_ADDRESS_SPACE_MB}; limit the memory by cgroups (MemoryMax=) instead"
            )
        try:
            return super().invoke(ctx)
        except FerEdgeError as error:
            kind = WrongUse if isinstance(error, ConfigError) else Failure
            raise kind(str(error)) from error
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in HEAVY:
                raise
            raise Failure(str(missing("train", str(error.name), what="this command"))) from error
        except click.UsageError as error:
            # it repeats what was typed
            raise click.UsageError(masked(error.format_message()), error.ctx) from error
        except MemoryError as error:
            raise Failure(
                f"the memory is full ({error or 'no room for an array'}); end other programs, or "
                "use smaller pictures and models"
            ) from error
        except BrokenPipeError:  # the reader of our output has gone (`| head`): nothing is wrong
            _settle_stdout()
            return None
        except OSError as error:  # a full disk, a name that is too long, ...
            _settle_stdout()
            where = f"{error.filename}: " if error.filename else ""
            raise Failure(f"{where}{error.strerror or error}") from error


def _settle_stdout() -> None:
    """Drop what standard output no longer takes, or Python complains of it at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_standard_streams() -> None:
    """Open those that the caller closed (`>&-`), onto nothing.

    The next file would get the free number: an output that is number 2 takes every library's
    chatter.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


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
    help="Say more on standard error; -vv: what libraries write there, too.",
)
@click.option(
    "--limit-memory",
    type=click.IntRange(1, 1_000_000),
    metavar="MB",
    help=f"What a model or a face set may need before it is refused. Default: {MEMORY_MB}, or "
    f"{MEMORY_VARIABLE}.",
)
def main(verbose: int, limit_memory: int | None) -> None:
    """Facial-expression recognition for the edge: train, convert to a proven int8 file, run."""
    _open_standard_streams()
    load_credentials(os.environ)
    hide_secrets_of(os.environ)
    if limit_memory is not None:
        os.environ[MEMORY_VARIABLE] = str(limit_memory)  # for child processes, too
    if verbose < 2:
        silence_libraries()
    logging.basicConfig(
        level=logging.WARNING,
        format="fer-edge: %(levelname)s: %(message)s",
        handlers=[StderrHandler()],
    )
    logging.getLogger("fer_edge").setLevel(_LEVELS[min(verbose, 2)])
