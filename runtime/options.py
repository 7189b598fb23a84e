"""What the runtime's commands share: sections of `--help`, and ranges of numbers."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import click

Options = Sequence[click.Option]
"""A room's options, in the order in which a person reads them."""


class SectionedCommand(click.Command):
    """A click command whose `--help` lists options under headings.

    Options that stand in no section come last, under "Other".
    """

    def __init__(
        self,
        name: str | None,
        *,
        sections: Mapping[str, Options],
        params: Sequence[click.Parameter] = (),
        **more: Any,
    ) -> None:
        """Make the command.

        Args:
            name: The command's.
            sections: Heading -> its options.
            params: Other parameters.
            more: As `click.Command` takes it.
        """
        listed = chain.from_iterable(sections.values())
        super().__init__(name, params=[*listed, *params], **more)
        self._sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section."""
        listed = list(chain.from_iterable(self._sections.values()))
        rest = [param for param in self.get_params(ctx) if param not in listed]
        for heading, options in (*self._sections.items(), ("Other", rest)):
            records = [record for item in options if (record := item.get_help_record(ctx))]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class NumberRange(click.FloatRange):
    """A range of numbers in which "nan" is none: click lets it through."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number
