"""Places of outputs that are refused, and names that have a meaning elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.clear_line import assert_one_clear_line


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--summary", "--annotate", "--sink"])
@pytest.mark.parametrize(
    "read", ["--model", "--compare", "--detector-model", "--delegate", "--mqtt-ca", "--config"]
)
def test_an_output_over_a_file_that_the_run_reads_is_refused(
    fer_edge: Callable[..., Result], picture: Path, elsewhere: Path, read: str, option: str
) -> None:
    file, link = elsewhere / "file.png", elsewhere / "link.png"
    file.write_bytes(b"" if read == "--config" else bytes(100))
    link.symlink_to(file)
    before = file.read_bytes()
    given = f"csv={link}" if option == "--sink" else str(link)
    broker = ("--mqtt", "mqtts://host/topic") if read == "--mqtt-ca" else ()
    run = ("--input", picture, "-q", read, file, option, given, *broker)
    for command in (("run",), ("service", "print", "--user", "--")):
        result = fer_edge(*command, *run)
        assert_one_clear_line(result, f"{link} is the file of {read}; choose another path")
        assert result.exit_code == 2
    assert file.read_bytes() == before


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--sink"])
@pytest.mark.parametrize("name", ["./-", "./none"])
def test_a_path_is_a_file_even_if_its_name_has_a_meaning(
    fer_edge: Callable[..., Result], picture: Path, elsewhere: Path, option: str, name: str
) -> None:
    given = f"csv={name}" if option == "--sink" else name
    arguments = ("--input", picture, "-q", "--detector", "none", option, given)
    result = fer_edge("run", *arguments)
    assert (result.exit_code, result.output) == (0, "")
    (written,) = elsewhere.iterdir()
    assert written.name == Path(name).name
    count = len(written.read_text().splitlines())
    written.unlink()
    printed = fer_edge("run", *arguments, "--print-config").stdout
    Path("run.toml").write_text(printed.replace(f"{elsewhere}/", "./"))
    result = fer_edge("run", "--config", "run.toml")
    assert (result.exit_code, result.output) == (0, "")
    assert len(written.read_text().splitlines()) == count


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--gif", "--video", "--summary", "--sink"])
def test_an_output_over_one_of_many_inputs_is_refused(
    fer_edge: Callable[..., Result], picture: Path, option: str
) -> None:
    suffix = {"--gif": ".gif", "--video": ".avi"}.get(option, ".png")
    other = picture.with_name(f"other{suffix}")
    other.write_bytes(picture.read_bytes())  # a picture by its content, whatever its suffix
    before = other.read_bytes()
    given = f"csv={other}" if option == "--sink" else str(other)
    for place in (picture.parent, f"{picture.parent}/*"):
        result = fer_edge("run", "--quiet", "--input", place, f"{option}={given}")
        if suffix != ".avi":  # which a folder of pictures does not read
            assert_one_clear_line(result, "is one of the inputs")
            assert other.read_bytes() == before


@pytest.mark.parametrize(
    "option", ["--csv", "--jsonl", "--annotate", "--gif", "--video", "--summary", "--input"]
)
def test_an_empty_place_is_refused_as_an_unset_variable(
    fer_edge: Callable[..., Result], picture: Path, elsewhere: Path, option: str
) -> None:
    result = fer_edge("run", "--quiet", "--input", picture, f"{option}=")
    assert (result.exit_code, "empty" in result.stderr) == (2, True)
    assert option in result.stderr
    assert not list(elsewhere.iterdir())


def test_an_empty_place_in_a_configuration_is_refused(
    fer_edge: Callable[..., Result], picture: Path, tmp_path: Path
) -> None:
    config = tmp_path / "run.toml"
    config.write_text('[outputs]\ncsv = ""\n')
    assert_one_clear_line(
        fer_edge("run", "--config", config, "--input", picture), "csv", "is empty"
    )


def test_a_folder_of_annotated_pictures_is_not_the_input(
    fer_edge: Callable[..., Result], picture: Path
) -> None:
    assert_one_clear_line(
        fer_edge("run", "--input", picture.parent, "--annotate", picture.parent),
        "is the input itself",
    )
