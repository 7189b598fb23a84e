"""Parts of other packages that fail while they run, used through the command line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from fer_edge import DetectorSettings, PluginError, Recognizer, open_source, plugins
from fer_edge.converters.devices.edge_targets import open_targets, write_companions
from fer_edge.faces.faceset import save_faceset
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.plug_in_packages import installing

Invoke = Callable[..., Result]
Install = Callable[..., None]

DETECTOR = """
class Part:
    def detect(self, image):
        {body}
def part(settings): return Part()
"""
NO_METHOD = """
class Part:
    detect = None
def part(settings): return Part()
"""
FAILING_PROPERTY = """
class Part:
    @property
    def detect(self): raise OSError("prop")
def part(settings): return Part()
"""
FUNCTION = """
def detect(image):
    {body}
def part(settings): return detect
"""
SOURCE = """
import numpy as np
from fer_edge import Frame, SourceError
class Part:
    is_video, is_live, frame_rate_hz, length, dropped = True, False, 25.0, 2, 0
    def __init__(self, address, settings): self.settings = settings
    def __iter__(self):
        yield Frame(np.zeros((48, 64, 3), np.uint8), 0, 0.0, "part")
        {body}
    def close(self): {close}
part = Part
"""
ARCHITECTURE = """
from dataclasses import dataclass
@dataclass(frozen=True)
class part:
    units: int = 4
    def __post_init__(self): {check}
    def build(self, keras, *, size_px, classes): {build}
"""
SINK = """
from fer_edge import OutputError, ReaderGoneError
class Part:
    def write(self, result): {write}
    def close(self, *, complete): {close}
def part(place, context): return Part()
"""


def network(
    shape: str, *, first: str = "keras.layers.Flatten()", units: int = 7, last: str = "'softmax'"
) -> str:
    """Return the body of an architecture's `build`."""
    return (
        f"return keras.Sequential([keras.Input(({shape})), {first}, keras.layers.Flatten(), "
        f"keras.layers.Dense({units}, activation={last})])"
    )


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a package here: install(module text, group, *part names)."""
    with installing(tmp_path, monkeypatch) as bring:
        yield bring


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "gray").save(path)
    return path


def sink(write: str = "pass", close: str = "pass") -> str:
    return SINK.format(write=write, close=close)


def source(body: str = "pass", close: str = "pass") -> str:
    return SOURCE.format(body=body, close=close)


@pytest.mark.parametrize(
    ("group", "text", "reason"),
    [
        (plugins.DETECTORS, DETECTOR.format(body="1 / 0"), "failed: ZeroDivisionError"),
        (plugins.DETECTORS, DETECTOR.format(body="yield image.nothing"), "failed: AttributeError"),
        (plugins.DETECTORS, DETECTOR.format(body="raise StopIteration"), "failed: StopIteration"),
        (plugins.DETECTORS, FUNCTION.format(body="raise OSError('bus')"), "failed: OSError: bus"),
        (
            plugins.DETECTORS,
            FUNCTION.format(body="raise ValueError('a\\nb')"),
            "failed: ValueError: a b",
        ),
        (plugins.DETECTORS, f"async {FUNCTION.format(body='pass').strip()}", "failed: TypeError"),
        (plugins.DETECTORS, NO_METHOD, "returned Part, expected a function, or an object with det"),
        (plugins.DETECTORS, FAILING_PROPERTY, "failed (detect): OSError: prop"),
        (plugins.SOURCES, source(body="1 / 0"), "failed: ZeroDivisionError: division by zero"),
        (plugins.SOURCES, source(close="1 / 0"), "failed: ZeroDivisionError"),
        (plugins.SINKS, sink(write="1 / 0"), "failed: ZeroDivisionError"),
        (plugins.SINKS, sink(write="yield"), "failed: TypeError: write is asynchronous or a gen"),
        (plugins.SINKS, sink(close="yield"), "failed: TypeError: close is asynchronous or a gen"),
        (plugins.SINKS, sink().replace("def write", "async def write"), "failed: TypeError: write"),
        (plugins.SINKS, sink(write="raise BrokenPipeError"), "failed: BrokenPipeError"),
        (plugins.SINKS, sink(close="raise KeyError('x')"), "failed: KeyError: 'x'"),
        (plugins.SINKS, sink().replace(", *, complete", ""), "failed: TypeError"),
    ],
)
def test_a_part_that_fails_in_a_run_is_one_line_that_names_its_package(
    install: Install, fer_edge: Invoke, photo: Path, group: str, text: str, reason: str
) -> None:
    install(text, group, "bad")
    given = {
        plugins.DETECTORS: ("--input", photo, "--detector", "bad"),
        plugins.SOURCES: ("--input", "bad://x", "--detector", "none"),
        plugins.SINKS: ("--input", photo, "--detector", "none", "--sink", "bad=x"),
    }
    done = fer_edge("run", "-q", *given[group])
    kind = plugins.describe(group, "bad").partition(" ")[0]
    assert_one_clear_line(done, f"{kind} 'bad' of the package broken-package {reason}")
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("group", "text", "given"),
    [
        (plugins.SOURCES, source(body="raise SourceError('no light')"), ("--input", "bad://x")),
        (plugins.SINKS, sink(write="raise OutputError('no light')"), ("--sink", "bad=x")),
    ],
)
def test_an_error_of_ours_in_a_run_is_told_as_it_is(
    install: Install, fer_edge: Invoke, photo: Path, group: str, text: str, given: tuple[str, str]
) -> None:
    install(text, group, "bad")
    place = () if "--input" in given else ("--input", photo)
    done = fer_edge("run", "-q", "--detector", "none", *place, *given)
    assert done.stderr == "fer-edge: error: no light\n"


def test_a_sink_whose_reader_is_gone_ends_the_run_normally(
    install: Install, fer_edge: Invoke, photo: Path
) -> None:
    install(sink(write="raise ReaderGoneError"), plugins.SINKS, "bad")
    done = fer_edge("run", "-q", "--input", photo, "--detector", "none", "--sink", "bad=x")
    assert (done.exit_code, done.output) == (0, "")


def test_an_interrupt_in_a_part_is_no_fault_of_it(install: Install) -> None:
    install(source(body="raise KeyboardInterrupt"), plugins.SOURCES, "bad")
    with Recognizer(detector="none") as recognizer, pytest.raises(KeyboardInterrupt):
        list(recognizer.stream("bad://x"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "expected boxes from detector 'bad' of the package broken-package, got"),
        ("return [(1, 2, 3)]", "from detector 'bad' of the package broken-package, got (1, 2, 3)"),
        ("return [(1, 2, float('nan'), 3)]", "expected finite numbers from detector 'bad' of the"),
    ],
)
@pytest.mark.parametrize("form", [DETECTOR, FUNCTION])
def test_a_detector_that_returns_something_else_is_one_line_that_names_its_package(
    install: Install, fer_edge: Invoke, photo: Path, form: str, body: str, words: str
) -> None:
    install(form.format(body=body), plugins.DETECTORS, "bad")
    assert_one_clear_line(fer_edge("run", "--input", photo, "--detector", "bad"), words)


@pytest.mark.parametrize("form", [DETECTOR, FUNCTION])
def test_a_least_score_that_is_given_counts_for_every_detector(
    install: Install, fer_edge: Invoke, photo: Path, form: str
) -> None:
    body = "from fer_edge import Box, Detection; return [Detection(Box(9, 9, 50, 50), 0.5)]"
    install(form.format(body=body), plugins.DETECTORS, "bad")
    run = ("run", "--input", photo, "--detector", "bad")
    assert '"detection": 0.5' in fer_edge(*run).stdout
    assert '"faces": []' in fer_edge(*run, "--min-score", "0.9").stdout
    for least, count in ((None, 1), (0.9, 0)):
        settings = DetectorSettings(min_score=least)
        with Recognizer(detector="bad", detector_settings=settings) as recognizer:
            assert len(recognizer.read(photo)) == count


def test_a_target_that_fails_in_a_conversion_is_told_with_its_package(
    install: Install, tmp_path: Path
) -> None:
    target = (
        "class part:\n    def companions(self, path): return ()\n    def write(self, path): 1 / 0"
    )
    install(target, plugins.EDGE_TARGETS, "bad")
    (opened,) = open_targets(["bad"])
    with pytest.raises(PluginError, match="edge target 'bad' of the package broken-package failed"):
        opened.write(tmp_path / "model.tflite")


@pytest.mark.parametrize(
    ("companions", "write", "fault"),
    [
        ("None", "'done'", "companions returned None, expected a tuple of paths"),
        ("'model.c'", "'done'", "companions returned 'model.c', expected a tuple of paths"),
        ("(3,)", "'done'", r"companions returned \(3,\), expected a tuple of paths"),
        ("(path,)", "'done'", r"companions returned \S+ itself, expected additional files"),
        ("(path.parent / 'x' / '..' / path.name,)", "'done'", r"companions returned \S+ itself"),
        ("()", "None", "write returned NoneType, expected a text"),
        ("()", "path.unlink() or 'done'", r"\S+model.tflite does not exist after write"),
        ("(path.with_suffix('.c'),)", "'done'", r"\S+model.c does not exist after write"),
    ],
)
def test_what_a_target_returns_and_writes_is_checked(
    install: Install, tmp_path: Path, companions: str, write: str, fault: str
) -> None:
    install(
        "class part:\n"
        f"    def companions(self, path): return {companions}\n"
        f"    def write(self, path): return {write}",
        plugins.EDGE_TARGETS,
        "bad",
    )
    (path := tmp_path / "model.tflite").write_bytes(b"")
    with pytest.raises(
        PluginError, match=f"'bad' of the package broken-package: {fault}.*; update"
    ):
        write_companions([path], open_targets(["bad"]))


def test_a_sink_may_return_what_it_likes(install: Install, fer_edge: Invoke, photo: Path) -> None:
    install(sink(write="return iter(())"), plugins.SINKS, "bad")
    assert fer_edge("run", "-q", "--input", photo, "--sink", "bad=x").exit_code == 0


def test_a_part_keeps_its_other_attributes(install: Install) -> None:
    install(source(), plugins.SOURCES, "bad")
    opened = open_source("bad://x", frame_rate_hz=5.0)
    assert (opened.length, opened.is_video) == (2, True)
    assert opened.settings.frame_rate_hz == 5.0  # type: ignore[attr-defined]
    assert not hasattr(opened, "pause")


def test_a_source_can_refuse_an_option_that_it_does_not_use(
    install: Install, fer_edge: Invoke
) -> None:
    install(
        source().replace("self.settings = settings", "settings.check_used('bad', 'size')"),
        plugins.SOURCES,
        "bad",
    )
    run = ("run", "-q", "--input", "bad://x", "--detector", "none")
    assert fer_edge(*run, "--size", "64x48").exit_code == 0
    done = fer_edge(*run, "--stream-option", "a=b")
    assert_one_clear_line(done, "the source bad does not use --stream-option (in Python: options)")
    assert done.exit_code == 2


@pytest.mark.train
@pytest.mark.parametrize(
    ("check", "build", "words"),
    [
        ("pass", "return {}['x']", "cannot be built for faces of 48 px: KeyError: 'x'; change"),
        (
            "pass",
            "return None",
            "build returned NoneType, expected a functional Keras model; change",
        ),
        (
            "pass",
            network("32, 32, 1"),
            "its input is (None, 32, 32, 1), expected (None, 48",
        ),
        ("pass", network("48, 48, 1", units=3), "its output is (None, 3), expected (None, 7)"),
        (
            "pass",
            network("48, 48, 1", last="'linear'"),
            "its outputs for a black face sum to 0,",
        ),
        (
            "pass",
            network("48, 48, 1", first="keras.layers.Lambda(lambda x: x, name='mine')"),
            "layer 'mine' is a Lambda layer, whose code a run folder cannot contain",
        ),
        ("1 / 0", "pass", "rejects [network]: ZeroDivisionError: division by zero; change it, or"),
    ],
)
def test_an_architecture_that_fails_is_one_line_that_names_its_package(
    install: Install,
    fer_edge: Invoke,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    check: str,
    build: str,
    words: str,
) -> None:
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    install(ARCHITECTURE.format(check=check, build=build), plugins.ARCHITECTURES, "bad")
    save_faceset(make_faces(per_class=1), tmp_path / "faces.npz")
    data = ("--data", tmp_path / "faces.npz", "--out", tmp_path / "run")
    done = fer_edge("train", *data, "--arch", "bad")
    assert_one_clear_line(done, "architecture 'bad' of the package broken-package", words)
    assert not caplog.records
    fer_edge("-v", "train", *data, "--arch", "bad")  # with a traceback for the package's authors
    assert any(record.exc_info for record in caplog.records)
