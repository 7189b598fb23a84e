"""Options that cannot work together: exit code 2, before anything is opened or installed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.runtime.run.combinations import check_complete, check_run
from fer_edge.runtime.run.command import parse_run
from tests.support.clear_line import assert_one_clear_line

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FER_EDGE_WEB_TOKEN", raising=False)


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--web", "nonsense"), "expected HOST:PORT"),
    (("--web", "127.0.0.1:99999"), "expected HOST:PORT"),
    (("--sink", "web=nonsense"), "expected HOST:PORT"),
    (("--sink", "mqtt=nonsense"), "not a valid broker address"),
    (("--web", "127.0.0.1:0", "--web-token", "short"), "the web token is invalid"),
    (("--jsonl", "-", "--csv", "-"), "--jsonl and --csv cannot share stdout"),
    (("--csv", "-"), "add --jsonl none"),
    (("--csv", "/dev/stdout"), "--jsonl and --csv cannot share stdout; add --jsonl none"),
    (("--jsonl", "/dev/stdout", "--sink", "csv=-"), "--jsonl and --sink csv cannot share stdout"),
    (("--csv", "a.x", "--sink", "csv=a.x"), "--csv and --sink csv both write a.x"),
    (("--video", "a.txt"), "--video a.txt: expected a name that ends in .mp4, .avi or .mkv"),
    (("--sink", "video=a"), "--sink video a: expected a name that ends in .mp4"),
    (("--gif", "a.txt"), "a name that ends in .gif"),
    (("--detector", "blazeface"), "--detector-model FILE.tflite"),
    (("--detector", "none", "--detector-model", "x.tflite"), "omit --detector-model"),
    (("--detector", "none", "--min-score", "0.7"), "omit --min-score"),
    (("--detector", "none", "--detect-size", "640"), "omit --detect-size"),
    (("--detector", "haar", "--detector-delegate", "edgetpu"), "runs on the CPU only"),
    (("--model", "nosuch"), "neither a file nor bundled"),
    (("--compare", "nosuch"), "neither a file nor bundled"),
    (("--delegate", "edgetpu:seven"), "for example edgetpu:usb:0"),
    (("--compare-every", "3"), "--compare-every needs --compare"),
    (("--web-token", "long-enough-token"), "--web-token needs --web"),
    (("--web-token", "auto", "--sink", "csv=a.csv"), "--web-token needs --web"),
    (("--web-fps", "3"), "--web-fps needs --web"),
    (("--mqtt-every", "3"), "--mqtt-every needs --mqtt"),
    (("--gif-seconds", "3"), "--gif-seconds needs --gif"),
    (("--gif-width", "99"), "--gif-width needs --gif"),
]
"""Options that cannot work, whatever the environment is."""
INCOMPLETE: list[tuple[tuple[str, ...], str]] = [
    (("--web", "0.0.0.0:0"), "so viewers need a token"),
    (("--sink", "web=[::]:80"), "so viewers need a token"),
    (("--sink", "csv", "--mqtt", "mqtt://h/t"), "--sink csv has no place"),
]
"""Options that the environment could complete."""


@pytest.mark.parametrize(("arguments", "words"), [*WRONG, *INCOMPLETE])
def test_what_cannot_work_is_found_before_anything_is_opened(
    fer_edge: Invoke, elsewhere: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = fer_edge("run", "--input", "missing.mp4", *arguments)
    assert done.exit_code == 2  # after this exit code, systemd does not restart it
    assert words in done.stderr
    printed = fer_edge("run", *arguments, "--print-config")
    assert printed.exit_code == (2 if (arguments, words) in WRONG else 0)
    installed = fer_edge(
        *("service", "install", "--user", "--into", elsewhere, "--", "--camera", "0", *arguments)
    )
    assert words in installed.stderr
    if (arguments, words) in WRONG:
        assert installed.exit_code == 2
        assert list(elsewhere.iterdir()) == []
    else:  # a credential that is added to the unit can supply it
        assert installed.exit_code == 0
        assert "fer-edge: WARNING: " in installed.stderr
        assert list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--input", "rtsp://"), "rtsp:// is not a valid stream address"),
        (("--input", "rtps://h/s"), "expected an address that starts with"),
        (("--camera", "0", "--annotate", "a.png"), "expected a folder"),
        (("--input", "rtsp://h/s", "--annotate", "a.png"), "expected a folder"),
    ],
)
def test_a_source_that_cannot_work_is_a_wrong_option(
    fer_edge: Invoke, elsewhere: Path, arguments: tuple[str, ...], words: str
) -> None:
    words_of_service = ("service", "install", "--user", "--into", elsewhere, "--", "--csv", "a.csv")
    for command in (("run",), words_of_service):
        done = fer_edge(*command, *arguments)
        assert done.exit_code == 2
        assert_one_clear_line(done, words)
    assert list(elsewhere.iterdir()) == []


def test_a_password_in_a_wrong_address_is_hidden_too(fer_edge: Invoke, elsewhere: Path) -> None:
    address = "rtsp://admin:a/s3cret@10.0.0.9/stream"  # "/" should be "%2F"
    command = ("service", "install", "--user", "--into", elsewhere, "--", "--jsonl", "-")
    done = fer_edge(*command, "--input", address)
    assert done.exit_code == 2
    assert "written as %2F" in done.stderr
    assert "s3cret" not in done.output
    assert list(elsewhere.iterdir()) == []


def test_a_short_token_of_the_environment_is_a_wrong_option(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "short")
    done = fer_edge("run", "--input", "missing.mp4", "--web", "127.0.0.1:0")
    assert done.exit_code == 2
    assert_one_clear_line(done, "the web token is invalid")


def test_a_token_of_the_environment_needs_no_page(
    fer_edge: Invoke, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in ("long-enough-token", "short"):
        monkeypatch.setenv("FER_EDGE_WEB_TOKEN", token)
        done = fer_edge("run", "--input", clip, "--detector", "none", "-q", "--max-frames", "1")
        assert (done.exit_code, done.output) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--sink", "web=127.0.0.1:0", "--web-fps", "3", "--web-token", "auto"),
        ("--sink", "gif=a.gif", "--gif-width", "99"),
        ("--sink", "mqtt=mqtt://h/t", "--mqtt-every", "3"),
        ("--quiet", "--sink", "jsonl=a", "--jsonl-on", "change"),
        ("--jsonl", "none", "--jsonl-on", "change"),
        ("--quiet", "--jsonl-on", "change", "--csv", "a.csv"),
        ("--model", "/media/usb/model"),  # the disk may be mounted later
        ("--web", "localhost:0"),
        ("--web", "pi.local:80"),  # a name is resolved when the page is opened
        ("--csv", "/dev/null", "--jsonl", "/dev/null"),
        ("--model", "missing.tflite", "--delegate", "missing.so"),  # may be there at the start
    ],
)
def test_what_may_work_is_accepted(arguments: tuple[str, ...]) -> None:
    config = parse_run(("--camera", "0", *arguments))
    check_run(config, {})
    check_complete(config)


def test_the_parts_of_a_combination_may_come_from_a_file_and_an_option(
    fer_edge: Invoke, tmp_path: Path, elsewhere: Path
) -> None:
    path = tmp_path / "door.toml"
    path.write_text("[web]\nfps = 3\n[outputs]\ngif_seconds = 2\n")
    done = fer_edge("run", "--config", path, "--print-config")
    assert_one_clear_line(done, "--web-fps needs --web")
    more = ("--web", "127.0.0.1:0", "--gif", "a.gif")
    assert fer_edge("run", "--config", path, *more, "--print-config").exit_code == 0
