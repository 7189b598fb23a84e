"""Every command of `fer-edge` with its options, from click."""

import inspect
from collections.abc import Iterator

import click

from docs.generators.prose import code, definition, number_range, prose
from fer_edge.cli.command_options import SectionedCommand
from fer_edge.cli.main import main


def commands() -> Iterator[tuple[click.Context, click.Command]]:
    """Yield each command with its context, in the order of `fer-edge --help`."""
    yield from _below(None, "fer-edge", main)


def _below(
    parent: click.Context | None, name: str, command: click.Command
) -> Iterator[tuple[click.Context, click.Command]]:
    context = command.context_class(
        command, parent=parent, info_name=name, **command.context_settings
    )
    yield context, command
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from _below(context, inner, found)


def reference() -> str:
    """Return the reference of all commands as Markdown."""
    return "\n\n".join(_command(context, command) for context, command in commands())


def _command(context: click.Context, command: click.Command) -> str:
    parts = [f"## {context.command_path}", code(command.get_usage(context).removeprefix("Usage: "))]
    parts += _help(inspect.cleandoc(command.help or ""))
    for heading, options in _sections(context, command).items():
        items = [_option(context, option) for option in options if not option.hidden]
        if items:
            parts += [f"**{heading}**"] if heading else []
            parts.append("\n".join(items))
    return "\n\n".join(parts)


def _sections(context: click.Context, command: click.Command) -> dict[str, list[click.Option]]:
    """Return the command's headings with their options; `--help` is the same everywhere."""
    if isinstance(command, SectionedCommand):
        sections = command.sections(context)
    else:
        sections = {"": [p for p in command.get_params(context) if isinstance(p, click.Option)]}
    own = command.get_help_option(context)
    return {
        name: [item for item in options if item is not own] for name, options in sections.items()
    }


def _help(text: str) -> list[str]:
    """Return a help text's paragraphs; what click must not wrap (after `\\b`) is code."""
    parts = []
    for paragraph in text.partition("\f")[0].split("\n\n"):
        if paragraph.startswith("\b\n"):
            heading, _, lines = paragraph[2:].partition("\n")
            if not heading.endswith(":"):
                heading, lines = "", paragraph[2:]
            parts += [prose(heading)] if heading else []
            parts.append(code(inspect.cleandoc(lines)))
        elif paragraph:
            parts.append(prose(paragraph))
    return parts


def _option(context: click.Context, option: click.Option) -> str:
    names, _ = option.get_help_record(context) or (", ".join(option.opts), "")
    extra, kind = option.get_help_extra(context), option.type
    notes = ["required"] if option.required else []
    notes += [f"default: {extra['default']}"] if "default" in extra else []
    if isinstance(kind, click.IntRange | click.FloatRange) and not option.count:
        notes.append(number_range(kind.min, kind.max, is_above=kind.min_open))
    note = "; ".join(filter(None, notes))
    return definition(
        f"`{names}`",
        f"{prose(option.help or '')} *{prose(note)}*" if note else prose(option.help or ""),
    )
