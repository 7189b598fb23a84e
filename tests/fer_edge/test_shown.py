import logging

import pytest

from fer_edge.chatter import StderrHandler
from fer_edge.errors import FerEdgeError, SourceError
from fer_edge.shown import csv_text, hide, hide_address, masked, without_controls


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.shown._secrets", set())


@pytest.mark.parametrize(
    "text",
    [
        "cannot open rtsp://anna:secret@host:554/a?key=secret&x=1",
        "[hls @ 0x1] Opening 'http://anna:secret@host/seg.ts?token=secret' for reading",
        "rtsp//anna:secret@host is not a file",
        "picture rstp:/anna:secret@host cannot be read",
        "mqtts://:secret@broker/topic refused",
        "anna:secret@[::1]:554",
    ],
)
def test_secrets_of_addresses_are_masked_wherever_they_stand(text: str) -> None:
    assert "secret" not in masked(text)
    assert "..." in masked(text) or "host" in masked(text) or "broker" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "frame 12:30@2 of clip.mp4 was dropped: 10:20",
        "pip install 'fer-edge[web]'",
        "expected rtsp://USER:PASSWORD@HOST:PORT/PATH, with / ? # @ in a password written as %2F",
        "/home/anna/photos/12:30.jpg does not exist",
        "live page at http://127.0.0.1:8000/",
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(text: str) -> None:
    assert masked(text) == text or "12:30@2" in text


def test_secrets_that_were_given_are_masked_in_every_escape() -> None:
    hide("pass word/1")
    hide_address("rtsp://anna:p%40ss@host/a?key=abcd1234")
    for text in ("pass word/1", "pass%20word%2F1", "p%40ss", "p@ss", "key=abcd1234"):
        assert masked(f"<{text}>") == "<...>"


def test_a_secret_of_three_letters_does_not_blank_out_every_line() -> None:
    hide("the")
    assert masked("the face is there") == "the face is there"


def test_every_log_line_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.Logger("some.library")
    log.addHandler(StderrHandler())
    hide("planted-secret")
    log.warning("connecting with %s to %s", "planted-secret", "http://a:planted2@h/x")
    try:
        raise ValueError("planted-secret in a traceback")
    except ValueError:
        log.exception("failed")
    written = capsys.readouterr().err
    assert "planted" not in written
    assert "connecting with" in written
    assert "Traceback" in written


def test_a_terminal_obeys_no_text_of_others() -> None:
    assert masked("a\x1b[2Jb\x07\x9b1m\rc\x00") == "a?[2Jb??1m?c?"
    assert masked("two\nlines\tand ü") == "two\nlines\tand ü"
    assert without_controls("left\u202eright\u2066 \u200d") == "left?right? \u200d"


def test_an_error_is_one_line_without_passwords() -> None:
    assert str(SourceError("a\n b\u2028\n\nc")) == "a b c"
    assert str(FerEdgeError("rtsp://anna:secret@host/1 is lost")) == "rtsp://host/1 is lost"
    assert (str(FerEdgeError()), str(FerEdgeError("two  spaces"))) == ("", "two  spaces")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("/a/küche 1.mp4", "/a/küche 1.mp4"),
        ("a\x1b[31m\x9b\n\u2028b", "a\\x1b[31m\\x9b\\n\\u2028b"),
        *(("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a")),
        ("'=1", "''=1"),
        ("\t=1", "\\t=1"),
        ("", ""),
    ],
)
def test_no_program_acts_on_a_cell_of_a_csv_file(text: str, cell: str) -> None:
    assert csv_text(text) == cell
