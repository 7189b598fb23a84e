"""Configuration file of a run, and the options that override it."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from click.testing import Result

from fer_edge.cli.option_fields import option_fields
from fer_edge.errors import ConfigError
from fer_edge.runtime.capture.config import PixelFormatName, SourceConfig
from fer_edge.runtime.capture.raw_frames import PIXEL_FORMATS
from fer_edge.runtime.publish.config import OutputsConfig
from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.run.config import PARTS, RunConfig
from fer_edge.runtime.run.config_file import format_config, format_template, read_config
from fer_edge.schema import encode
from tests.support.clear_line import assert_one_clear_line
from tests.support.clip import CLIP_FRAMES

from ...support.programs import RUN

Invoke = Callable[..., Result]
DOOR = Path(__file__).resolve().parents[3] / "examples" / "door.toml"

ALL: list[tuple[str, ...]] = [
    (),
    ("--camera", "0", "--size", "640x480", "--fps", "15", "--on-loss", "wait"),
    ("--camera", "/dev/v4l/by-id/usb-x", "--show", "-q", "--max-frames", "7"),
    ("--input", "-", "--size", "64x48", "--pixel-format", "nv12"),
    ("--input", "photos/**/*.jpg", "--limit-pixels", "9", "--annotate", "out"),
    ("--input", "rtsp://h/s", "--stream-option", "a=b", "--stream-option", "c=\"d'\\é"),
    ("--input", "a\tb\n.mp4", "--pixel-aspect", "64:45", "--sample-every", "0.5"),
    ("--model", "tiny", "--threads", "4", "--delegate", "edgetpu:usb"),
    ("--compare", "x.tflite", "--compare-every", "3"),
    ("--detector", "haar", "--detector-model", "h.xml", "--detect-size", "640", "--every", "2"),
    ("--min-face", "48", "--max-faces", "3", "--min-score", "0.7"),
    ("--smooth", "0", "--hysteresis", "0", "--classify-every", "0", "--classify-per-frame", "2"),
    ("--jsonl", "none", "--csv", "-", "--video", "x.mkv", "--gif", "x.gif", "--gif-width", "99"),
    ("--jsonl", "a.jsonl", "--jsonl-on", "change", "--summary", "--anonymize", "box"),
    ("--web", "127.0.0.1:0", "--web-token", "auto", "--web-fps", "2"),
    ("--mqtt", "mqtt://u@h/t", "--mqtt-discovery", "--mqtt-every", "0"),
    ("--sink", "csv=a.csv", "--sink", "csv=/b.csv", "--sink", "web=127.0.0.1:0"),
    ("--sink", "window", "--sink", "summary=-"),
]


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("FER_EDGE_INPUT", "FER_EDGE_WEB_TOKEN", "FER_EDGE_MQTT_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)


def written(folder: Path, text: str) -> Path:
    path = folder / "door.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("arguments", ALL)
@pytest.mark.parametrize("form", [format_template, format_config])
def test_every_option_survives_a_file(
    tmp_path: Path, arguments: tuple[str, ...], form: Callable[[RunConfig], str]
) -> None:
    config = parse_run(arguments)
    assert read_config(written(tmp_path, form(config))) == config.based_at(tmp_path)


def test_every_field_is_an_option_with_help() -> None:
    for part in PARTS.values():
        fields = dict(option_fields(part))
        assert fields.keys() == {name for name in encode(part())}
        assert all(field.flags[0].startswith("--") and field.help for field in fields.values())


@pytest.mark.parametrize("arguments", ALL)
def test_what_is_printed_is_what_the_run_would_do(
    fer_edge: Invoke, tmp_path: Path, elsewhere: Path, arguments: tuple[str, ...]
) -> None:
    printed = fer_edge("run", *arguments, "--print-config")
    assert (printed.exit_code, printed.stderr) == (0, "")
    path = written(tmp_path, printed.stdout)
    assert read_config(path) == parse_run(arguments).based_at(elsewhere)
    assert fer_edge("run", "--config", path, "--print-config").stdout == printed.stdout


def test_a_file_is_run_as_its_options_would_be(
    fer_edge: Invoke, clip: Path, tmp_path: Path, elsewhere: Path
) -> None:
    path = written(
        clip.parent,
        f'[source]\ninput = "{clip.name}"\n[faces]\ndetector = "none"\n'
        '[outputs]\nquiet = true\ncsv = "rows.csv"\n',
    )
    assert fer_edge("run", "--config", path).exit_code == 0
    assert len((clip.parent / "rows.csv").read_text().splitlines()) == CLIP_FRAMES + 1
    assert list(elsewhere.iterdir()) == []
    more = ("--jsonl", "-", "--max-frames", "2", "--csv", "rows.csv")
    done = fer_edge("run", "--config", path, *more)  # relative to the working directory
    assert [json.loads(line)["frame"] for line in done.stdout.splitlines()] == [0, 1]
    assert [file.name for file in elsewhere.iterdir()] == ["rows.csv"]


def test_a_file_from_a_pipe_starts_at_the_working_directory(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip.parent)
    done = subprocess.run(
        [*RUN, "--config", "/dev/stdin", "--max-frames", "1"],
        input=f'[source]\ninput = "{clip.name}"\n[faces]\ndetector = "none"\n',
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["source"] == clip.name


def test_a_source_of_another_kind_takes_the_place_of_the_whole_source(tmp_path: Path) -> None:
    path = written(tmp_path, '[source]\ncamera = 0\nsize = "640x480"\nfps = 15\n')
    assert parse_run(("--config", str(path), "--fps", "5")).source == SourceConfig(
        camera=0, size="640x480", fps=5.0
    )
    assert parse_run(("--config", str(path), "--camera", "1")).source == SourceConfig(
        camera=1, size="640x480", fps=15.0
    )
    assert parse_run(("--config", str(path), "--input", "x.mp4")).source == SourceConfig("x.mp4")
    path = written(tmp_path, '[source]\ninput = "x.mp4"\nsample_every_s = 1\n')
    assert parse_run(("--config", str(path), "--camera", "1")).source == SourceConfig(camera=1)


def test_the_environment_fills_what_nobody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, '[source]\nstream_options = ["a=b"]\n[web]\nfps = 3\n')
    monkeypatch.setenv("FER_EDGE_INPUT", "rtsp://u:p@h/s")
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "from the shell")
    config = parse_run(("--config", str(path)))
    assert config.source == SourceConfig("rtsp://u:p@h/s", stream_options=("a=b",))
    assert (config.web.token, config.web.fps) == ("from the shell", 3.0)
    assert parse_run(("--camera", "1", "--web-token", "auto")).source == SourceConfig(camera=1)
    assert parse_run(("--web-token", "auto")).web.token == "auto"


def test_a_place_with_a_password_comes_from_the_environment(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ("mqtt://u:s3cret@h/t", "mqtt://h/t", "mqtt://v:s3cret@h/t")
    given = [word for place in places for word in ("--sink", f"mqtt={place}")]
    printed = fer_edge("run", "--camera", "0", *given, "--print-config")
    assert "s3cret" not in printed.output
    variables = ("FER_EDGE_SINK_MQTT", "FER_EDGE_SINK_MQTT_3")
    assert all(f"set {variable} for the run" in printed.stderr for variable in variables)
    path = written(tmp_path, printed.stdout)
    assert parse_run(("--config", str(path))).outputs.sinks == ("mqtt", f"mqtt={places[1]}", "mqtt")
    config = parse_run(("--camera", "0", *given))
    for variable, secret in config.secrets({}).items():
        monkeypatch.setenv(variable, secret)
    assert parse_run(("--config", str(path))) == config


def test_a_stream_option_with_a_secret_comes_from_the_environment(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "Authorization: Bearer s3cret"
    given = ("--input", "http://h/s", *("--stream-option", f"headers={header}"))
    more = ("--stream-option", "reconnect=1")
    printed = fer_edge("run", *given, *more, "--print-config")
    assert "s3cret" not in printed.output
    assert "set FER_EDGE_STREAM_OPTION_HEADERS for the run" in printed.stderr
    path = written(tmp_path, printed.stdout)
    monkeypatch.setenv("FER_EDGE_STREAM_OPTION_HEADERS", header)
    config = parse_run(("--config", str(path)))
    assert config.source.stream_options == ("reconnect=1", f"headers={header}")
    assert parse_run(given).source.stream_options == (f"headers={header}",)
    assert parse_run(("--camera", "0")).source.stream_options == ()


def test_no_secret_is_printed_and_each_is_named(fer_edge: Invoke) -> None:
    done = fer_edge(
        *("run", "--print-config", "--input", "rtsp://u:s3cret@h/s", "--web", "0.0.0.0:8000"),
        *("--web-token", "s3cret-of-viewers", "--mqtt", "mqtt://u:s3cret@h/t"),
    )
    assert done.exit_code == 0
    assert "s3cret" not in done.output
    assert 'url = "mqtt://u@h/t"' in done.stdout
    for variable in ("FER_EDGE_INPUT", "FER_EDGE_WEB_TOKEN", "FER_EDGE_MQTT_PASSWORD"):
        assert variable in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[outputs]\nsinks = ['csw=x']", ["sink 'csw'", "did you mean 'csv'?", "NAME=PLACE"]),
        ("[outputs]\nsinks = 'csv=x'", ["'outputs.sinks'", "list"]),
        ("[outputs]\njsnl = 'x'", ["'outputs.jsnl'", "'outputs.jsonl'"]),
        ("[output]\njsonl = 'x'", ["'output'", "'outputs'"]),
        ("camera = 0", ["'camera'", "'source.camera'"]),
        ("[web]\nweb = 'x'", ["'web.web'", "'web.address'"]),
        ("[faces]\ndetect-size = 320", ["'faces.detect-size'", "'faces.detect_size_px'"]),
        ("[outputs]\nmqtt-every = 3", ["'outputs.mqtt-every'", "'mqtt.every_s'"]),
        ("[faces]\nzzz = 3", ["'faces.zzz'", "detector, detector_model"]),
        ("source = 3", ["source is int, expected a table"]),
        ("[faces]\nevery = 'two'", ["'faces.every' is str, expected int"]),
        ("[faces]\nevery = 2.0", ["'faces.every' is float, expected int"]),
        ("[faces]\nevery = 0", ["'faces.every' is 0, expected at least 1"]),
        ("[faces]\nmin_score = nan", ["'faces.min_score' is nan"]),
        ("[faces]\nmin_face_px = inf\nmin_score = 1.5", ["'faces.min_face_px' is inf"]),
        (f"[faces]\nmin_face_px = 1{400 * '0'}", ["'faces.min_face_px'"]),
        ("[source]\nfps = 0", ["'source.fps' is 0.0, expected above 0, at most 1000"]),
        ("[faces]\ndetector = 'yunt'", ["'faces.detector'", "did you mean 'yunet'?"]),
        ("[source]\ninput = '-'\npixel_format = 'h264'", ["'source.pixel_format'", "bgr24"]),
        ("[source]\ncamera = true", ["'source.camera'"]),
        ("[source]\ncamera = -1", ["'-1' is not a camera"]),
        ("[source]\ncamera = 0\nsize = '640'", ["640x480"]),
        ("[source]\ncamera = 0\ninput = 'x'", ["either --input or --camera"]),
        ("[source]\nstream_options = 'a=b'", ["'source.stream_options'", "list"]),
        ("[source]\ninput = 2026-11-25", ["'source.input' is date"]),
        ("[outputs]\nquiet = 1", ["'outputs.quiet' is int, expected bool"]),
        ("[mqtt]\ndiscovery = 'homeassistant'", ["--mqtt-discovery needs --mqtt"]),
        ("max_frames = 0", ["'max_frames' is 0"]),
        ("[faces\n", ["it is not TOML", "line 1"]),
        ("[faces]\nevery = 2\nevery = 3", ["is not TOML"]),
        (200_000 * "[", ["is not TOML"]),
    ],
)
def test_a_wrong_file_is_one_line_with_its_name_and_the_key(
    fer_edge: Invoke, tmp_path: Path, text: str, words: list[str]
) -> None:
    path = written(tmp_path, text)
    for more in ((), ("--print-config",)):
        done = fer_edge("run", "--config", path, *more)
        assert done.exit_code == 2  # after this exit code, systemd does not restart it
        assert_one_clear_line(done, str(path), *words)
        assert done.stdout == ""


def test_a_file_that_cannot_be_read_is_one_line(fer_edge: Invoke, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"[faces]\n# \xff\n")
    for name, word in (
        ("gone.toml", "--print-config prints one"),
        ("folder", "Is a directory"),
        ("bytes.toml", "not UTF-8"),
        ("x" * 300, "File name too long"),
    ):
        done = fer_edge("run", "--config", tmp_path / name)
        assert done.exit_code == 2
        assert_one_clear_line(done, name, word)


def test_a_wrong_option_beside_a_file_is_still_a_usage_error(
    fer_edge: Invoke, tmp_path: Path
) -> None:
    path = written(tmp_path, "[source]\ncamera = 0\n")
    done = fer_edge("run", "--config", path, "--size", "640")
    assert (done.exit_code, "Usage: " in done.stderr) == (2, True)
    assert fer_edge("run", "--config", written(tmp_path, "")).exit_code == 2


def test_a_name_that_is_not_utf8_cannot_stand_in_a_file(fer_edge: Invoke) -> None:
    assert_one_clear_line(fer_edge("run", "--csv", "a\udcff", "--print-config"), "UTF-8")


def test_what_is_not_set_is_a_comment_and_every_key_has_its_help() -> None:
    text = format_template(RunConfig())
    for part in PARTS.values():
        for name, field in option_fields(part):
            assert f"\n{name} = " in text or f"\n# {name} =\n" in text
            assert f"# {field.flags[0]}: " in text
    assert max(map(len, text.splitlines())) <= 100


def test_values_made_in_python_are_held_to_the_same_ranges() -> None:
    with pytest.raises(ConfigError, match="gif_seconds"):
        OutputsConfig(gif_seconds=1000)
    with pytest.raises(ConfigError, match=r"'source\.fps'"):
        replace(SourceConfig(camera=0), fps=-1.0)


def test_the_formats_of_raw_frames_are_those_that_can_be_read() -> None:
    assert get_args(PixelFormatName) == tuple(PIXEL_FORMATS)


def test_the_example_runs_on_a_clip(
    fer_edge: Invoke, clip: Path, tmp_path: Path, elsewhere: Path
) -> None:
    path = written(tmp_path, DOOR.read_text("utf-8"))
    assert read_config(path).source == SourceConfig(camera=0, size="640x480", on_loss="wait")
    done = fer_edge("run", "--config", path, "--input", clip, "--detector", "none")
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "door.jsonl").read_text().count("\n") >= 1
    assert list(elsewhere.iterdir()) == []


def test_the_example_with_its_comments_removed_is_valid_too(tmp_path: Path) -> None:
    text = DOOR.read_text("utf-8")
    head, _, tail = text.partition("# [web]")
    uncommented = "\n".join(line.removeprefix("# ").removeprefix("#") for line in tail.splitlines())
    config = read_config(written(tmp_path, f"{head}[web]{uncommented}\n"))
    assert config.web.address == "127.0.0.1:8000"
    assert config.mqtt.discovery == "homeassistant"


def test_a_run_without_a_file_loads_no_toml() -> None:
    code = (
        "import sys\nfrom fer_edge.runtime.run.command import parse_run\n"
        "parse_run(['--camera', '0'])\n"
        "assert not {'tomllib', 'tomli', 'tomli_w'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
