"""The generated parts of the reference are complete, and its hand-written tables match the code."""

import dataclasses
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import pytest

from docs.generators import commands, hook, navigation, pictures
from docs.generators.fields import documented_fields
from docs.generators.prose import prose
from fer_edge import Box, Face, Frame, Result, plugins
from fer_edge.cli.option_fields import option_fields
from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model
from fer_edge.runtime.archive.rows import RowBuffer
from fer_edge.runtime.run.config import PARTS
from fer_edge.training.architectures import find_architecture
from fer_edge.training.recipes.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
STAGES = ("fer_edge", "training", "converters", "runtime")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def rows(text: str) -> list[str]:
    """Return the code terms in the first column of a page's tables."""
    cells = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_every_marker_names_a_part_and_every_part_has_a_page() -> None:
    texts = [path.read_text("utf-8") for path in DOCS.rglob("*.md")]
    named = [name for text in texts for name in hook.MARKER.findall(text)]
    assert sorted(named) == sorted(hook.PARTS)


@pytest.mark.parametrize("name", bundled_models())
def test_the_page_of_a_model_has_the_figures_of_its_card(name: str) -> None:
    score = read_model(bundled_models()[name]).card.served_score()
    assert score is not None
    text = hook.filled(page(f"models/{name}.md"))
    assert f"| this file | {score.n:,} | {100 * score.accuracy:.2f}% |" in text
    assert f"{100 * score.accuracy:.2f}%" in hook.PARTS["models"]()


@pytest.mark.parametrize("name", hook.PARTS)
def test_every_part_is_written(name: str) -> None:
    assert len(hook.PARTS[name]().split()) > 50


def test_marks_for_the_tests_are_not_shown() -> None:
    assert hook.filled('```sh title="not run"\nexit 3\n```\n') == "```sh\nexit 3\n```\n"


def test_every_command_and_option_stands_in_the_reference_with_a_help_text() -> None:
    text = commands.reference()
    for context, command in commands.commands():
        assert f"## {context.command_path}\n" in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{context.command_path} {option.opts[0]} has no help"
                assert prose(option.help) in text


def test_every_key_of_a_configuration_stands_in_the_reference() -> None:
    text = hook.filled(page("reference/configuration.md"))
    for table, part in PARTS.items():
        section = text.partition(f"## \\[{table}]\n")[2].partition("\n## ")[0]
        keys = [name for name, _ in option_fields(part)]
        assert re.findall(r"^`(\w+)`\n:   ", section, re.MULTILINE) == keys


def parts_of(part: type) -> Iterator[type]:
    yield part
    for field in documented_fields(part):
        if dataclasses.is_dataclass(field.default):
            yield from parts_of(type(field.default))


def test_every_key_of_a_recipe_says_what_it_means() -> None:
    own = [find_architecture(name) for name in plugins.own_names(plugins.ARCHITECTURES)]
    silent = [
        f"{part.__name__}.{field.name}"
        for part in {*parts_of(Recipe), *own}
        for field in documented_fields(part)
        if not field.meaning and not dataclasses.is_dataclass(field.default)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("fer_edge", "python"),
        ("fer_edge.training", "python-training"),
        ("fer_edge.converters", "python-converters"),
        ("fer_edge.runtime", "python-runtime"),
    ],
)
def test_every_public_python_name_stands_in_the_reference(package: str, name: str) -> None:
    shown = re.findall(rf"^::: {re.escape(package)}\.(\w+)$", page(f"reference/{name}.md"), re.M)
    assert sorted(shown) == sorted(importlib.import_module(package).__all__)


def test_the_keys_of_a_json_line_stand_on_its_page() -> None:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "photo.jpg")
    record = Result(frame, (Face("happy", {"happy": 1.0}, Box(0, 0, 1, 1), 1.0),)).to_dict()
    lines = page("reference/json-lines.md").partition("## CSV")[0]
    assert rows(lines) == [*record, *record["faces"][0]]


def test_the_columns_of_an_archive_stand_on_its_page() -> None:
    taken = RowBuffer(("angry", "disgust"), span=0).take()
    columns = page("reference/archive-results.md").partition("## Columns")[2]
    named = rows(columns.partition("## Summary files")[0])
    assert {*taken.text, *taken.numbers} == {*named, "p_angry", "p_disgust"}


def test_the_paths_of_the_live_page_stand_on_its_page() -> None:
    pytest.importorskip("starlette")
    source = (ROOT / "runtime" / "publish" / "web" / "app.py").read_text("utf-8")
    paths = set(re.findall(r'Route\("(/[\w./]+)"', source))
    assert len(paths) >= 6
    text = page("reference/http.md").partition("## Paths")[2]
    assert set(rows(text.partition("\n## ")[0])) & {*paths, "/"} == {*paths, "/"}


def test_the_environment_variables_of_the_code_stand_on_their_page() -> None:
    texts = [path.read_text("utf-8") for stage in STAGES for path in (ROOT / stage).rglob("*.py")]
    read = {name for text in texts for name in re.findall(r'"(FER_EDGE_[A-Z_]+[A-Z])"', text)}
    assert len(read) >= 5
    named = rows(page("reference/environment.md"))
    assert read <= set(named)


def test_a_page_that_loads_something_from_elsewhere_is_seen() -> None:
    page = '<script src=//cdn.example/a.js></script><a href="https://example.org">out</a>'
    page += '<link rel="stylesheet" href="https://fonts.example/b.css"><img src="images/c.png">'
    found = hook.loaded_from_elsewhere(page)
    assert found == ["//cdn.example/a.js", "https://fonts.example/b.css"]


def test_the_navigation_follows_the_index_pages(tmp_path: Path) -> None:
    index = "- [One](one.md)\n- [Two](two.md#part), [One](one.md), [out](../models/index.md)\n"
    assert navigation.linked(index) == ["one.md", "two.md"]
    folder = tmp_path / "docs"
    for name in navigation.SECTIONS:
        (folder / name).mkdir(parents=True)
        (folder / name / "index.md").write_text(
            f"# {name}\n## First\n[A](a.md)\n## Second\n[B](b.md)\n"
        )
    groups = navigation.navigation(folder)
    assert {"Models": ["models/index.md", "models/a.md", "models/b.md"]} in groups
    in_two = [{"First": ["how-to/a.md"]}, {"Second": ["how-to/b.md"]}]
    assert {"How-to": ["how-to/index.md", *in_two]} in groups
    nav = navigation.navigation(DOCS)
    assert nav[0] == "index.md"
    assert [next(iter(item)) for item in nav[1:] if isinstance(item, dict)] == [
        *navigation.SECTIONS.values()
    ]


def test_every_page_is_linked_from_the_index_of_its_section() -> None:
    for folder in navigation.SECTIONS:
        there = {path.name for path in (DOCS / folder).glob("*.md")} - {"index.md"}
        assert there == set(navigation.linked(page(f"{folder}/index.md"))), folder


def test_help_texts_become_markdown() -> None:
    text = "A quoted pattern as 'photos/*.jpg', <x> or [a|b]; see --jsonl-on and `a*b`."
    shown = r"A quoted pattern as 'photos/\*.jpg', \<x> or \[a\|b\]; see `--jsonl-on` and `a*b`."
    assert prose(text) == shown


def test_pictures_of_the_program_are_drawn_by_their_names(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures.draw(["run", "anonymize", "followed"], tmp_path / "no.npz", tmp_path / "out")
    drawn = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert drawn == ["anonymize.jpg", "followed.jpg", "run.jpg"]
    for name in drawn:
        ours = cv2.imread(str(tmp_path / "out" / name))
        assert ours.shape == cv2.imread(str(DOCS / "images" / name)).shape


def test_every_picture_of_the_program_is_shown_and_has_a_command() -> None:
    said = pictures.__doc__ or ""
    texts = "".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    for name in pictures.PICTURES:
        assert f"docs.generators.pictures {name} " in said
    for path in (DOCS / "images").iterdir():
        assert path.name in said or path.name == "favicon.svg", path.name
        assert path.name in texts or path.name == "favicon.svg", path.name


def test_the_colors_of_the_site_can_be_read() -> None:
    def channels(color: str) -> list[float]:
        return [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]

    plots = pytest.importorskip("fer_edge.training.reporting.plots")
    css = page("site.css")
    (primary,) = re.findall(r"--md-primary-fg-color: (#\w{6});", css)
    on_light, on_dark = re.findall(r"--md-typeset-a-color: (#\w{6});", css)
    for one, other in ((primary, "#ffffff"), (on_light, "#ffffff"), (on_dark, "#1e2129")):
        assert plots.contrast(channels(one), channels(other)) >= 4.5, (one, other)
