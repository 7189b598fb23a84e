"""The command line: a table of commands, each loaded when it is called.

A command is defined in the `command.py` of its stage, which imports click only; the body of the
command imports the rest. `--help` lists all commands from the table without importing them.
"""

import importlib
import logging
import os
import sys
from pathlib import Path
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
from fer_edge.require import blamed_package, broken_installation, missing
from fer_edge.shown import hide_secrets_of, masked

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

HEAVY = (
    "keras",
    "tensorflow",
    "tf_keras",
    "tensorflow_model_optimization",
    "matplotlib",
)


_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Log level by the number of -v."""


class Failure(click.ClickException):
    """A `FerEdgeError`, printed as one line."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print it on standard error."""
        message = " ".join(self.message.split())  # messages of libraries may contain line breaks
        click.echo(f"fer-edge: error: {masked(message)}", err=True)


class WrongUse(Failure):
    """A wrong configuration: systemd does not retry it, like a wrong option."""

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
        """Run a command; a `FerEdgeError` becomes one line."""
        if (space_mb := address_space_mb()) is not None and space_mb < LEAST_ADDRESS_SPACE_MB:
            raise Failure(
                f"this process is limited to {space_mb:.0f} MB of address space (ulimit -v), "
                f"expected at least {LEAST_ADDRESS_SPACE_MB}; limit the memory with cgroups "
                "instead (MemoryMax=)"
            )
        try:
            return super().invoke(ctx)
        except FerEdgeError as error:
            kind = WrongUse if isinstance(error, ConfigError) else Failure
            raise kind(str(error)) from error
        except ImportError as error:
            package = blamed_package(error)
            if package == "fer_edge":  # a bug in fer-edge: keep the traceback
                raise
            if package in HEAVY and isinstance(error, ModuleNotFoundError):
                raise Failure(str(missing("train", package, what="this command"))) from error
            raise Failure(broken_installation(error)) from error
        except click.UsageError as error:
            # click's message repeats the input
            raise click.UsageError(masked(error.format_message()), error.ctx) from error
        except MemoryError as error:
            raise Failure(
                f"out of memory ({error or 'no room for an array'}); end other programs, or use "
                "smaller pictures and models"
            ) from error
        except BrokenPipeError:  # the reader of the output has ended (`| head`): not an error
            _settle_stdout()
            return None
        except OSError as error:  # a full disk, a name that is too long, ...
            _settle_stdout()
            raise Failure(_describe(error)) from error


def _describe(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not error.filename:
        try:
            Path.cwd()
        except OSError:  # Path.absolute() fails without a name
            return "the working folder was deleted; change to a folder that exists"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _settle_stdout() -> None:
    """Drop pending output, or Python would report an error at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
