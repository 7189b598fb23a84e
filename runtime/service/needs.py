"""What the options of `fer-edge run` ask of the system, and which of them are secrets."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from fer_edge.bundled import bundled_models

from ..mqtt.address import PASSWORD_VARIABLE
from ..outputs.options import OUTPUT_OPTIONS
from ..run_command import run
from ..sources.stream_url import without_password
from .unit import SECRET_MARK, Needs


def needs_of(arguments: tuple[str, ...]) -> Needs:
    """Parse the options by the very command that will get them, and see what they need.

    Raises:
        click.UsageError: The command would refuse them.
    """
    with run.make_context("fer-edge run", list(arguments)) as context:
        given = _given(context, arguments)
    if "path" not in given and "camera" not in given:
        raise click.UsageError(
            "the service has nothing to read; add the options of fer-edge run behind --, such as "
            "-- --camera 0 --mqtt mqtt://host/topic"
        )
    words, secrets = list(arguments), dict[str, str]()
    for option in run.params:
        for value in given.get(option.name or "", ()):
            _hide(option, value, words, secrets)
    for variable in _secret_variables(given):
        if variable not in secrets and os.environ.get(variable):
            secrets[variable] = os.environ[variable]
    outputs = {option.name for option in _output_paths()}
    return Needs(
        arguments=tuple(words),
        secrets=secrets,
        reads=tuple(map(Path, _existing(given))),
        writes=tuple(
            Path(value)
            for name in sorted(given)
            for value in given[name]
            if name in outputs and value not in ("-", "none")
        ),
        camera="camera" in given,
        accelerator="delegate" in given,
        network=any(_is_address(value) for values in given.values() for value in values)
        or any(name == "web" for name in given),
        prints=any("-" in given.get(name, ()) for name in ("jsonl", "csv")),
    )


def _given(context: click.Context, arguments: tuple[str, ...]) -> dict[str, list[str]]:
    """Return what stands on the command line, by the option's name, before any conversion."""
    raw, _, _ = run.make_parser(context).parse_args(list(arguments))
    return {
        name: [text for text in (value if isinstance(value, list) else [value]) if _is_text(text)]
        for name, value in raw.items()
        if _is_text(value) or isinstance(value, list)
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str)  # flags are not, and click marks what is absent


def _secret_variable(option: click.Parameter) -> str | None:
    """Return the environment variable that may stand for an option, if that is a secret."""
    if not option.envvar or not re.search("token|password|secret", option.name or ""):
        return None
    return option.envvar if isinstance(option.envvar, str) else option.envvar[0]


def _secret_variables(given: dict[str, list[str]]) -> list[str]:
    """Return the variables that the run would take a secret from: the service must have them."""
    named = [variable for option in run.params if (variable := _secret_variable(option))]
    return [*named, *([PASSWORD_VARIABLE] if "mqtt" in given else [])]


def _hide(option: click.Parameter, value: str, words: list[str], secrets: dict[str, str]) -> None:
    """Take a secret out of the command line, into the environment."""
    if variable := _secret_variable(option):
        secrets[variable] = value
        _remove(option, value, words)
    elif option.name == "mqtt":
        password = urlsplit(value).password
        if password is not None:
            secrets[PASSWORD_VARIABLE] = unquote(password)
            _replace(value, value.replace(f":{password}@", "@", 1), words)
    elif _is_address(value) and without_password(value) != value:
        variable = f"FER_EDGE_{(option.name or '').upper()}_ADDRESS"
        secrets[variable] = value
        _replace(value, f"{SECRET_MARK}{variable}", words)


def _remove(option: click.Parameter, value: str, words: list[str]) -> None:
    for index, word in enumerate(words):
        if word in option.opts and words[index + 1 : index + 2] == [value]:
            del words[index : index + 2]
            return
        if any(word == f"{name}={value}" for name in option.opts):
            del words[index]
            return
    raise click.UsageError(f"write {option.opts[0]} in full, so that its secret can be kept apart")


def _replace(value: str, by: str, words: list[str]) -> None:
    for index, word in enumerate(words):
        if word.endswith(value):
            words[index] = word.removesuffix(value) + by


def _is_address(value: str) -> bool:
    return re.match(r"[a-z0-9+]+://", value, re.IGNORECASE) is not None


def _output_paths() -> list[click.Option]:
    """Return the options that name a file or a folder to write."""
    return [
        option
        for option in OUTPUT_OPTIONS
        if isinstance(option.type, click.Path) or "FILE" in (option.metavar or "")
    ]


def _existing(given: dict[str, list[str]]) -> list[str]:
    """Return the files that are read: the model, certificates, an input that is a file."""
    return [
        value
        for name in ("path", "model", "compare", "detector_model", "mqtt_ca")
        for value in given.get(name, ())
        if not (value == "-" or _is_address(value) or set(value) & set("*?["))
        and not (name == "model" and value in bundled_models())
    ]
