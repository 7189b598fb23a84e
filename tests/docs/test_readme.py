"""README and the pages that a newcomer reads first: their length, figures, links and commands."""

import re
from pathlib import Path

import pytest

from fer_edge import Recognizer
from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model
from fer_edge.pictures.sample_photo import sample_photo
from tests.docs.blocks import missing_lines, run, steps
from tests.docs.given_files import clip, photo

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
MOST_WORDS, MOST_WORDS_OF_A_WAY = 450, 2500


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda page: page.stem)
def test_the_way_from_the_readme_through_a_tutorial_is_short(tutorial: Path) -> None:
    pages = [
        README,
        *((ROOT / "docs" / name).read_text("utf-8") for name in ("index.md", tutorial)),
    ]
    assert sum(len(page.split()) for page in pages) <= MOST_WORDS_OF_A_WAY


def test_figures_of_the_sample_photograph_are_those_of_the_present_model(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the sample photograph comes with matplotlib")
    clip(tmp_path / "clip.mp4")
    with Recognizer() as recognizer:
        (face,) = recognizer.read(sample_photo())
        *_, ((last,)) = recognizer.stream(str(tmp_path / "clip.mp4"))
    text = (ROOT / "docs/tutorials/photograph.md").read_text("utf-8")
    percents = [float(shown) for shown in re.findall(r"neutral\s+\(?(\d+(?:\.\d)?)%", text)]
    assert percents == pytest.approx([100 * face.probability] * 3, abs=1.5)
    line = (ROOT / "docs/reference/json-lines.md").read_text("utf-8")
    (share,) = re.findall(r'"neutral": (0\.\d+)', line)
    # the oldest OpenCV and PyAV encode, decode and resize slightly differently
    assert float(share) == pytest.approx(last.probability, abs=0.08)
    assert re.findall(r"(\d+) pixels high", text) == [f"{face.box.height:.0f}"]


@pytest.mark.slow
def test_the_readme_runs_and_prints_what_it_shows(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the sample photograph comes with matplotlib")
    photo(tmp_path / "photo.jpg")
    clip(tmp_path / "clip.mp4")
    todo = steps(README)
    assert len(todo) == 4
    done = run(todo, tmp_path, seconds=300)
    for step, (status, output) in zip(todo, done, strict=True):
        assert (status, missing_lines(step.output or "", output)) == (0, []), output
    assert (tmp_path / "annotated.jpg").stat().st_size > 10_000


def test_the_readme_begins_with_a_picture_and_keeps_the_two_commands() -> None:
    assert README.startswith("![")
    assert re.findall(r"^    make (\w+)", README, re.MULTILINE) == ["demo", "test"]


def test_files_that_the_readme_links_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)", README)
    assert len(links) >= 10
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", bundled_models())
def test_the_figures_of_the_readme_are_those_of_the_cards(name: str) -> None:
    (row,) = re.findall(rf"^\| \[`{name}`\].*$", README, re.MULTILINE)
    file = read_model(bundled_models()[name])
    score = file.card.served_score()
    assert score is not None
    assert f"{100 * score.accuracy:.2f}%" in row
    assert f"{file.size_bytes / 1e6:.2f} MB" in row


def test_every_bundled_file_is_as_close_to_its_float_network_as_the_readme_states() -> None:
    (most,) = re.findall(r"Each int8 file is within (\d\.\d) points of its float network", README)
    for path in bundled_models().values():
        agreement = read_model(path).card.agreement
        assert agreement is not None
        assert abs(100 * agreement.difference) <= float(most)
