import re
from collections.abc import Callable

import click
import pytest
from click.testing import Result

from fer_edge.cli.command_options import NumberRange
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


def test_every_option_that_takes_a_number_with_a_point_refuses_nan(fer_edge: Invoke) -> None:
    names = [option.opts[0] for option in run.params if isinstance(option.type, click.FloatRange)]
    assert len(names) >= 8
    for name in names:
        result = fer_edge("run", "--camera", "0", name, "nan")
        assert (result.exit_code, "is not a number" in result.stderr) == (2, True), name


@pytest.mark.parametrize("text", ["inf", "1e300", "-0.1", "one"])
def test_a_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        NumberRange(0, 1).convert(text, None, None)
