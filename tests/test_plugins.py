"""Parts of other packages: installed by pip, used through the command line."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from fer_edge import PluginError, plugins
from fer_edge.cli.needs import Needs
from fer_edge.faces.faceset import save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.run.config import RunConfig
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.plug_in_packages import (
    installing,
    make_wheel_of_project,
    pip_install,
)
from tests.support.quick_recipe import QUICK_RECIPE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "plug_in"
GROUPS = (
    plugins.DETECTORS,
    plugins.SOURCES,
    plugins.SINKS,
    plugins.ARCHITECTURES,
    plugins.EDGE_TARGETS,
)
CODE = "import sys; from fer_edge.cli.main import main; main(sys.argv[1:])"
STRIPES = ("run", "--input", "stripes://3", "--quiet")
Invoke = Callable[..., Result]
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plug_in")
    return pip_install(make_wheel_of_project(folder, EXAMPLE), folder / "packages")


def command(packages: Path, *arguments: object, folder: Path | None = None, **more: str) -> Done:
    """Run the command line in a process that finds these packages, too."""
    return subprocess.run(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(packages), **more},
        cwd=folder or packages.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def listed_names(help_text: str) -> set[str]:
    """Return the names in all bracketed lists of a help text: [one|two]."""
    lists = re.findall(r"\[([^\[\]]*\|[^\[\]]*)\]", "".join(help_text.split()))
    return {name for listed in lists for name in listed.split("|")}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "gray").save(path)
    return path


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that installs a package here: install(module text, group, *part names)."""
    with installing(tmp_path, monkeypatch) as bring:
        yield bring


def test_detector_source_and_sink_of_a_package_run_together(example: Path, tmp_path: Path) -> None:
    options = ("--detector", "middle", "--sink", "tally=labels.json", "--jsonl", "-")
    done = command(example, *STRIPES, *options, "--size", "64x48", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["faces"][0]["box"] for line in lines] == 3 * [[16.0, 12.0, 48.0, 36.0]]
    tally = json.loads((tmp_path / "labels.json").read_text())
    assert tally["model"] == RunConfig().model.model
    assert set(FER2013) <= tally["labels"].keys()
    assert sum(tally["labels"].values()) == 3


def test_a_camera_of_a_package_is_opened_by_its_name(example: Path) -> None:
    done = command(example, "run", "--camera", "stripes", "--detector", "middle", "--fps", "50")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["time_s"] for line in done.stdout.splitlines()][:3] == [0, 0.02, 0.04]


def test_a_configuration_file_names_them_as_the_options_do(example: Path, tmp_path: Path) -> None:
    options = ("--detector", "middle", "--sink", "tally=labels.json")
    printed = command(example, *STRIPES, *options, "--print-config", folder=tmp_path)
    assert (printed.returncode, printed.stderr) == (0, "")
    (tmp_path / "door.toml").write_text(printed.stdout)
    done = command(example, "run", "--config", tmp_path / "door.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "labels.json").is_file()  # the path is relative to the file
    elsewhere = command(tmp_path, "run", "--config", tmp_path / "door.toml")
    assert elsewhere.returncode == 2
    assert "'middle' does not exist" in elsewhere.stderr


def test_help_lists_our_parts_and_the_packages(example: Path) -> None:
    for of, name in (("run", "middle"), ("train", "one-layer"), ("convert", "sha256")):
        done = command(example, of, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert name in listed_names(done.stdout)


def test_a_recipe_takes_an_architecture_of_a_package_with_its_options(
    example: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('architecture = "one-layer"\n[network]\nunits = 4\n')
    code = (
        "from fer_edge.training import format_recipe, load_recipe\n"
        "print(format_recipe(load_recipe('own.toml')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(example)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[network]\nunits = 4\n" in done.stdout


@pytest.mark.train
def test_a_network_of_a_package_is_trained_and_converted_for_its_target(
    example: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tf_keras", reason="tf-keras is not installed (fer-edge[train])")
    save_faceset(make_faces(per_class=8, validation_per_class=4), tmp_path / "faces.npz")
    (tmp_path / "quick.toml").write_text(QUICK_RECIPE)
    common = ("--data", "faces.npz", "--out")
    options = ("--recipe", "quick.toml", "--arch", "one-layer", "--epochs", 1)
    done = command(example, "train", *common, "run", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    convert = ("convert", "run", "--int8", "--max-drop", 100, "--target", "sha256", *common, "out")
    done = command(example, *convert, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "digest: out/run-int8-ptq.sha256" in done.stdout
    digest = (tmp_path / "out/run-int8-ptq.sha256").read_text()
    assert digest.endswith("  run-int8-ptq.tflite\n")
    again = command(example, *convert, folder=tmp_path)
    assert again.returncode == 1
    assert "already exists; choose another --out" in again.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("part = ", "cannot be imported: SyntaxError"),
        ("other = 1", "cannot be imported: AttributeError"),
        ("def part(): pass", "cannot be opened: TypeError"),
        ("def part(*given): raise KeyError('x')", "cannot be opened: KeyError: 'x'"),
        ("def part(*given): return 3", "returned int, expected an object with "),
        ("class Any: pass\ndef part(*given): return Any", "returned type, expected"),
        ("part = 3", "cannot be opened: TypeError: 'int' object is not callable"),
    ],
)
@pytest.mark.parametrize("group", [plugins.SOURCES, plugins.SINKS])
def test_a_broken_part_is_one_line_that_names_its_package(
    install: Callable[..., None], fer_edge: Invoke, photo: Path, text: str, reason: str, group: str
) -> None:
    install(text, group, "bad")
    is_source = group == plugins.SOURCES
    given = ("--input", "bad://x") if is_source else ("--input", photo, "--sink", "bad=x")
    done = fer_edge("run", *given, "--detector", "none")
    kind = "source" if is_source else "sink"
    assert_one_clear_line(done, f"{kind} 'bad' of the package broken-package {reason}")
    assert (done.exit_code, done.stdout) == (1, "")


def test_an_error_of_ours_that_a_part_raises_is_told_as_it_is(
    install: Callable[..., None], fer_edge: Invoke, photo: Path
) -> None:
    install(
        "from fer_edge import SourceError\ndef part(*given): raise SourceError('no light')",
        *(plugins.SOURCES, "bad"),
    )
    assert fer_edge("run", "--input", "bad://x").stderr == "fer-edge: error: no light\n"


def test_a_broken_detector_disturbs_no_other_and_no_help(
    install: Callable[..., None],
    fer_edge: Invoke,
    photo: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install("1 / 0", plugins.DETECTORS, "bad")
    run = ("run", "--input", photo, "--detector")
    assert_one_clear_line(fer_edge(*run, "bad"), "broken-package cannot be imported")
    assert not caplog.records
    fer_edge("-v", *run, "bad")  # with a traceback for the package's authors
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert fer_edge(*run, "none").exit_code == 0
    assert "bad" in listed_names(fer_edge("run", "--help").stdout)


def test_a_detector_that_is_none_is_one_line(
    install: Callable[..., None], fer_edge: Invoke, photo: Path
) -> None:
    install("def part(settings): return 3", plugins.DETECTORS, "bad")
    done = fer_edge("run", "--input", photo, "--detector", "bad")
    assert_one_clear_line(
        done, "broken-package returned int, expected a function, or an object with detect"
    )


def test_an_architecture_that_cannot_be_built_is_one_line(
    install: Callable[..., None], fer_edge: Invoke
) -> None:
    install("def part(): pass", plugins.ARCHITECTURES, "bad")
    done = fer_edge("train", "--data", "x.npz", "--out", "y", "--arch", "bad")
    assert_one_clear_line(done, "expected a frozen dataclass with a build method")


def test_no_package_can_take_the_place_of_our_own_part(
    install: Callable[..., None],
    fer_edge: Invoke,
    photo: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install("1 / 0", plugins.DETECTORS, "none", "other")
    done = fer_edge("run", "--input", photo, "--detector", "none")
    assert (done.exit_code, done.stderr, caplog.messages) == (0, "", [])
    assert fer_edge("run", "--help").exit_code == 0
    warning = "detector 'none' of the package broken-package is not used: fer-edge has one of"
    assert caplog.messages == [f"{warning} that name"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--detector", "yunt"),
        ("train", "--data", "x", "--out", "y", "--arch", "four-blok"),
        ("convert", "x", "--data", "y", "--out", "z", "--int8", "--target", "edgtpu"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_nearest(
    fer_edge: Invoke, arguments: tuple[str, ...]
) -> None:
    done = fer_edge(*arguments)
    assert done.exit_code == 2
    assert f"'{arguments[-1]}' does not exist; expected one of" in done.stderr
    assert "did you mean '" in done.stderr


def test_a_damaged_list_of_parts_hides_no_other_package(example: Path, tmp_path: Path) -> None:
    info = tmp_path / "packages" / "damaged-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: damaged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(b"[fer_edge.detectors]\nno equals sign\n\xff\xfe")
    both = f"{info.parent}{os.pathsep}{example}"
    done = command(example, *STRIPES, "--detector", "middle", PYTHONPATH=both)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_place_of_a_sink_says_what_the_run_needs_and_hides(
    install: Callable[..., None],
) -> None:
    install("part = None", plugins.SINKS, "own")
    places = ("own=a/b", "own=redis://user:s3cret@host/0", "own=-", "own")
    config = parse_run([word for place in places for word in ("--sink", place)])
    assert config.needs() == Needs(writes=(Path("a/b"),), network=True, prints=True)
    assert config.secrets({}) == {"FER_EDGE_SINK_OWN_2": "redis://user:s3cret@host/0"}
    assert config.without_secrets().outputs.sinks == ("own=a/b", "own", "own=-", "own")
    assert config.based_at(Path("/x")).outputs.sinks[0] == "own=/x/a/b"


@pytest.mark.parametrize("group", GROUPS)
def test_our_own_parts_are_those_of_this_checkout(group: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert plugins._own(group) == project["entry-points"][group], (
        "the installed entry points differ from pyproject.toml; run: pip install --editable ."
    )


def test_an_installation_without_our_parts_is_told_in_one_line() -> None:
    with pytest.raises(
        PluginError, match=r"does not register any flavor: .* reinstall it"
    ) as caught:
        plugins.own_names("fer_edge.flavors")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("group", GROUPS)
def test_all_of_our_own_parts_can_be_imported(group: str) -> None:
    names = plugins.own_names(group)
    assert len(names) >= 2
    for name in names:
        assert callable(plugins.load(group, name))


def test_an_unknown_name_is_told_with_the_nearest_and_all_there_are() -> None:
    said = str(plugins.unknown(plugins.SINKS, "cvs"))
    assert said.startswith("sink 'cvs' does not exist; expected one of annotate, csv, ")
    assert said.endswith("; did you mean 'csv'?")


def test_our_own_parts_are_found_without_reading_other_packages(
    fer_edge: Invoke, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**context: object) -> None:
        raise AssertionError("other packages were read")

    plugins._foreign.cache_clear()
    monkeypatch.setattr("importlib.metadata.distributions", refuse)
    outputs = ("--csv", tmp_path / "a.csv", "--sink", f"gif={tmp_path / 'a.gif'}")
    done = fer_edge("run", "--input", photo, "--detector", "none", "-q", *outputs)
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "a.gif").is_file()
