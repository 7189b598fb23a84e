from pathlib import Path

import pytest

from fer_edge.cli.needs import Needs
from fer_edge.runtime.run.command import parse_run


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (("--camera", "0"), Needs(camera=True)),
        (("--input", "/a.mp4"), Needs(reads=(Path("/a.mp4"),))),
        (("--input", "/a/b*/*.jpg", "--model", "tiny"), Needs(reads=(Path("/a"),))),
        (("--input", "udp://@:5000"), Needs(network=True)),
        (("--camera", "0", "--web", "0"), Needs(camera=True, loopback=True)),
        (("--camera", "0", "--web", "[::1]:1"), Needs(camera=True, loopback=True)),
        (("--camera", "0", "--web", "0.0.0.0:80"), Needs(camera=True, network=True)),
        (("--camera", "0", "--mqtt", "mqtt://127.0.0.1/t"), Needs(camera=True, loopback=True)),
        (("--input", "http://localhost:8080/s.mjpg"), Needs(loopback=True)),
        (("--camera", "0", "--mqtt", "mqtt://h/t"), Needs(camera=True, network=True)),
        (("--camera", "0", "--csv", "-"), Needs(camera=True, prints=True)),
        (("--camera", "0", "--sink", "jsonl=-"), Needs(camera=True, prints=True)),
        (
            ("--sink", "csv=a/x", "--sink", "window", "--sink", "summary=-"),
            Needs(writes=(Path("a"),)),
        ),
        (("--sink", "web=127.0.0.1:1"), Needs(loopback=True)),
        (("--sink", "web=0.0.0.0:80"), Needs(network=True)),
        (("--sink", "mqtt=mqtt://127.0.0.1/t"), Needs(loopback=True)),
        (("--sink", "mqtt=mqtt://h/t"), Needs(network=True)),
        (("--sink", "web"), Needs()),
        (("--camera", "0", "--delegate", "edgetpu"), Needs(camera=True, accelerator=True)),
        (("--camera", "0", "--detector-delegate", "edgetpu"), Needs(camera=True, accelerator=True)),
        (
            ("--input", "-", "--size", "8x8", "--pixel-format", "gray", "--compare", "/b.tflite"),
            Needs(reads=(Path("/b.tflite"),)),
        ),
        (
            ("--model", "/m.tflite", "--detector-model", "/d.onnx", "--delegate", "/lib/x.so"),
            Needs(reads=(Path("/m.tflite"), Path("/lib/x.so"), Path("/d.onnx")), accelerator=True),
        ),
        (
            (
                *("--jsonl", "a/events", "--csv", "b/x.csv", "--annotate", "c"),
                *("--video", "d/x.avi", "--gif", "e/x.gif", "--summary", "f/x.json"),
            ),
            Needs(writes=tuple(map(Path, "abcdef"))),
        ),
    ],
)
def test_each_part_says_what_it_needs(arguments: tuple[str, ...], needs: Needs) -> None:
    assert parse_run(arguments).needs() == needs
