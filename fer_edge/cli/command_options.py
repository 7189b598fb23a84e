"""Parts that commands share: sections of `--help`, number ranges and paths."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from fer_edge import plugins

MOST_WHOLE = 2**63 - 1
"""The largest whole number in TOML."""

Options = Sequence[click.Option]
"""Options of a room, in the order for `--help`."""


class SectionedCommand(click.Command):
    """A click command whose `--help` lists options under headings.

    Options without a section are listed last, under "Other".
    """

    def __init__(
        self,
        name: str | None,
        *,
        sections: Mapping[str, Sequence[click.Option | str]],
        params: Sequence[click.Parameter] = (),
        **more: Any,
    ) -> None:
        """Create the command.

        Args:
            name: Name of the command.
            sections: Heading -> its options, which are added to the command; or names of options
                that are in `params`, such as those of decorators.
            params: Other parameters.
            more: Other arguments of `click.Command`.
        """
        own = [item for item in chain(*sections.values()) if isinstance(item, click.Option)]
        super().__init__(name, params=[*own, *params], **more)
        self._sections = sections

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """Return each heading with its options, "Other" last."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        by_name = {option.name: option for option in options}
        sections = {
            heading: [by_name[item] if isinstance(item, str) else item for item in chosen]
            for heading, chosen in self._sections.items()
        }
        listed = list(chain(*sections.values()))
        sections["Other"] = [option for option in options if option not in listed]
        return sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section."""
        for heading, items in self.sections(ctx).items():
            records = [record for item in items if (record := item.get_help_record(ctx))]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class PartName(click.types.StringParamType):
    """Name of a part of this program or of another package; the names are looked up when needed."""

    def __init__(self, group: str) -> None:
        """Store the group of `fer_edge.plugins`."""
        self._group = group

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """List the names for `--help`."""
        return f"[{'|'.join(plugins.names(self._group))}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Reject an unknown name."""
        if not plugins.is_name(self._group, value):
            self.fail(str(plugins.unknown(self._group, value)), param, ctx)
        return str(value)


class NumberRange(click.FloatRange):
    """A number range that rejects "nan" and "inf", which click accepts."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert the text to a number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class WholeNumber(click.IntRange):
    """A range of whole numbers that rejects those beyond 64 bits, which no file can hold."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Convert the text to a number."""
        number = int(super().convert(value, param, ctx))
        if abs(number) > MOST_WHOLE:
            self.fail(f"{value} is too large, expected at most {MOST_WHOLE}", param, ctx)
        return number


class FilePath(click.Path):
    """A path that rejects an empty text, which is often an unset variable of a shell."""

    def __init__(self, **more: Any) -> None:
        """Create it with the arguments of `click.Path`."""
        super().__init__(path_type=Path, **more)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert the text to a path."""
        if value == "":
            self.fail("the path is empty; expected a file or folder", param, ctx)
        return super().convert(value, param, ctx)


PATH = FilePath()
"""Any file or folder."""
