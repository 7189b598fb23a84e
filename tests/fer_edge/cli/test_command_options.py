import re
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from fer_edge.cli.command_options import NumberRange
from fer_edge.cli.main import main
from fer_edge.runtime.run.command import run

Invoke = Callable[..., Result]


def test_the_help_lists_every_option_once_under_headings_in_reading_order(fer_edge: Invoke) -> None:
    text = fer_edge("run", "--help").stdout
    headings = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    assert headings == [
        *("Source", "Model", "Faces", "Recognition", "Outputs", "Web page", "MQTT", "Other"),
    ]
    listed = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)
    assert listed == [option.opts[0] for option in run.params if option.opts] + ["--help"]
    for first, second in (("--input", "--camera"), ("--web", "--web-token"), ("--quiet", "--mqtt")):
        assert listed.index(first) < listed.index(second)


def number_options(command: click.Command) -> Iterator[click.Parameter]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from number_options(found)
    for option in command.params:
        if option.type is click.FLOAT or isinstance(option.type, click.FloatRange):
            yield option


def test_every_option_that_takes_a_number_with_a_point_refuses_nan_and_infinity() -> None:
    options = list(number_options(main))
    assert len(options) >= 20
    for option in options:
        for text in ("nan", "inf", "-inf"):
            with pytest.raises(click.BadParameter, match=r"is not (a finite number|in the range)"):
                option.type.convert(text, option, None)
                pytest.fail(f"{option.opts[0]} accepts {text}")


def test_a_whole_number_that_a_configuration_file_cannot_hold_is_refused() -> None:
    whole = [option for option in run.params if isinstance(option.type, click.IntRange)]
    assert len(whole) >= 6
    for option in whole:
        with pytest.raises(click.BadParameter, match=r"too large|in the range"):
            option.type.convert(str(2**63), option, None)
            pytest.fail(f"{option.opts[0]} accepts 2**63")


@pytest.mark.parametrize("text", ["inf", "1e300", "-0.1", "one"])
def test_a_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        NumberRange(0, 1).convert(text, None, None)
