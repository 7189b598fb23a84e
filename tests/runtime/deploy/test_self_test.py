"""Comparison of readings in the self-test, and explanations of ssh's messages."""

import pytest

from fer_edge.errors import DeployError
from fer_edge.model.bundled import find_model
from fer_edge.runtime.deploy.drawn_faces import drawn_faces
from fer_edge.runtime.deploy.self_test import Reading, difference, largest_gap, read_here
from fer_edge.runtime.deploy.ssh_failure import explain

HERE = (Reading({"happy": 0.70, "sad": 0.30}), Reading({"happy": 0.51, "sad": 0.49}))


def test_readings_within_the_tolerance_are_the_same() -> None:
    # the second face's label differs, but its two scores are close here, too
    there = (Reading({"happy": 0.66, "sad": 0.34}), Reading({"happy": 0.48, "sad": 0.52}))
    assert difference(HERE, there) == ""
    assert largest_gap(HERE, there) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("there", "word"),
    [
        ((Reading({"happy": 0.60, "sad": 0.40}), HERE[1]), "happy is 0.600 there and 0.700 here"),
        ((HERE[0],), "read 1 of 2 pictures"),
        ((Reading({"joy": 0.70, "sad": 0.30}), HERE[1]), "labels joy, sad"),
    ],
)
def test_a_difference_is_named(there: tuple[Reading, ...], word: str) -> None:
    assert word in difference(HERE, there)


def test_the_drawn_faces_tell_two_models_apart_and_a_model_from_itself_not() -> None:
    pictures = drawn_faces()
    first = read_here(find_model("compact").read_bytes(), pictures)
    assert len(first) == len(pictures)
    assert difference(first, first) == ""
    assert difference(first, read_here(find_model("tiny").read_bytes(), pictures)) != ""


def test_a_model_that_cannot_be_read_here_is_named() -> None:
    with pytest.raises(DeployError, match="the model cannot be run here"):
        read_here(b"nothing", drawn_faces())


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (
            255,
            "ssh: Could not resolve hostname dor: Name or service not known",
            "the host name is unknown",
        ),
        (255, "Host key verification failed.", "compare it on the device"),
        (255, "pi@door: Permission denied (publickey).", "ssh-copy-id door"),
        (255, "ssh: connect to host door port 22: Connection timed out", "switched on"),
        (127, "sh: 1: python3: not found", "door has no Python"),
        (1, "sudo: a password is required", "NOPASSWD"),
        (1, "Sorry, user pi is not allowed to execute '/usr/bin/python3' as root", "all commands"),
        (127, "sh: 1: exec: sudo: not found", "sudo is not installed there"),
        (1, "fer-edge-agent: python3 is 3.6.9", "python3 is 3.6.9; expected Python 3.10"),
        (255, "something new", "ssh ended (something new)"),
        (0, "", "door: ssh ended"),
    ],
)
def test_what_ssh_says_becomes_one_sentence_with_advice(code: int, said: str, words: str) -> None:
    assert words in explain("door", code, said, "ssh ended")
