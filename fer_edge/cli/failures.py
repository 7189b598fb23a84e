"""Errors of a command as one line and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fer_edge.errors import ConfigError, FerEdgeError, RecipeError
from fer_edge.require import blamed_package, broken_installation, missing
from fer_edge.shown import masked
from fer_edge.source_folder import STAGES

from .standard_output import lead_nowhere

HEAVY = (
    "keras",
    "tensorflow",
    "tf_keras",
    "tensorflow_model_optimization",
    "matplotlib",
)

INTERRUPTED = 130
"""Exit code after Ctrl-C, as in shells."""

TERMINATED = 143
"""Exit code after SIGTERM, as in shells."""


class Failure(click.ClickException):
    """A `FerEdgeError`, printed as one line."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print it on standard error."""
        message = " ".join(self.message.split())  # messages of libraries may contain line breaks
        click.echo(f"fer-edge: error: {masked(message)}", err=True)


class WrongUse(Failure):
    """A wrong configuration or recipe: systemd does not retry it, like a wrong option."""

    exit_code = click.UsageError.exit_code


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn the errors of a command into those that click prints as one line."""
    try:
        yield
    except FerEdgeError as error:
        kind = WrongUse if isinstance(error, ConfigError | RecipeError) else Failure
        raise kind(str(error)) from error
    except ImportError as error:
        raise _import_failure(error) from error
    except MemoryError as error:
        raise Failure(
            f"out of memory ({str(error) or 'no room for an array'}); end other programs, or use "
            "smaller pictures and models"
        ) from error
    except BrokenPipeError as error:  # the reader of `run` or of --help has ended: not an error
        settle(sys.stdout)
        raise click.exceptions.Exit(0) from error
    except OSError as error:  # a full disk, a name that is too long, ...
        settle(sys.stdout)
        raise Failure(_describe(error)) from error
    except KeyboardInterrupt as error:
        click.echo("\nfer-edge: interrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error


def settle(stream: Any) -> bool:
    """Flush a standard stream; if that fails, drop its output, or Python would fail at exit.

    Returns:
        Whether everything was written, or the reader has ended.
    """
    if stream is None:  # closed before the start
        return True
    try:
        stream.flush()
    except ValueError:  # closed
        return True
    except OSError as error:
        lead_nowhere(stream.fileno())
        return isinstance(error, BrokenPipeError)
    return True


def _import_failure(error: ImportError) -> Failure:
    """Return what to print for a missing package; raises the error if fer-edge itself has a bug."""
    package = blamed_package(error)
    if error.name in STAGES:  # the source folder, or a part of the installation
        return Failure(str(error))
    if package == "fer_edge":  # a bug in fer-edge: keep the traceback
        raise error
    if package in HEAVY and isinstance(error, ModuleNotFoundError):
        return Failure(str(missing("train", package, what="this command")))
    return Failure(broken_installation(error))


def _describe(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not error.filename:
        try:
            Path.cwd()
        except OSError:  # Path.absolute() fails without a name
            return "the working folder was deleted; change to a folder that exists"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"
