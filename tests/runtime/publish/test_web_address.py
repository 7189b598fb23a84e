import http.client
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click.testing
import pytest

from fer_edge.errors import ConfigError, OutputError
from tests.support.clear_line import assert_one_clear_line

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.publish.web.address import WebAddress, chosen_token, listen, parse_address

from ...support.web_client import (
    TOKEN,
    get,
    result,
    served,
    served_at,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", WebAddress("127.0.0.1", 8000)),
        ("8000", WebAddress("127.0.0.1", 8000)),
        ("[::1]:80", WebAddress("::1", 80)),
        ("pi.local:1", WebAddress("pi.local", 1)),
    ],
)
def test_an_address_is_read(text: str, address: WebAddress) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", ":8000", "host:", "host:x", "::1:80", "[::1]", "a:65536", "a:-1", "http://a:1"]
)
def test_what_is_no_address_says_what_one_is(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected HOST:PORT, such as 127\.0\.0\.1:8000"):
        parse_address(text)


def test_ipv6_is_served() -> None:
    try:
        address, (opened,) = listen(WebAddress("::1", 0), has_token=False)
    except OutputError:
        pytest.skip("this machine has no IPv6")
    opened.close()
    assert address.url == f"http://[::1]:{address.port}/"
    with served_at(address) as page:
        page.write(result())
        with closing(http.client.HTTPConnection("::1", address.port, timeout=5)) as line:
            line.request("GET", "/healthz")
            assert line.getresponse().status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "169.254.1.1"])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="--web-token auto"):
        listen(WebAddress(host, 0), has_token=False)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no-such-host.invalid", "is unknown here"),
        ("192.0.2.1", "this machine does not have this address"),
    ],
)
def test_a_host_that_is_not_here_is_said_so(host: str, words: str) -> None:
    with pytest.raises(OutputError, match=words):
        listen(WebAddress(host, 0), has_token=True)


def test_a_token_is_long_or_made() -> None:
    assert chosen_token(None) is chosen_token("") is None
    assert chosen_token(TOKEN) == TOKEN
    made = {chosen_token("auto") for _ in range(3)}
    assert len(made) == 3
    assert all(len(token or "") >= 20 for token in made)
    for poor in ("password", "with a space in it", "fröhlich-fröhlich"):
        with pytest.raises(ConfigError, match="--web-token auto"):
            chosen_token(poor)


@pytest.mark.parametrize(
    ("token", "address"),
    [
        ("kG+3/x+Yz0=+end1", "kG+3/x+Yz0=+end1"),
        ("kG+3/x+Yz0=+end1", "kG%2B3%2Fx%2BYz0%3D%2Bend1"),
        ("100%-sure&#1-a+b", "100%25-sure%26%231-a%2Bb"),
    ],
)
def test_a_token_with_characters_that_addresses_escape_logs_in(token: str, address: str) -> None:
    with served(token=token) as page:
        assert get(page, f"/?token={address}")[0] == 200
        assert get(page, f"/?token={address}x")[0] == 401


Invoke = Callable[..., click.testing.Result]


def test_a_port_that_is_taken_ends_the_run_in_one_line(fer_edge: Invoke, picture: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ended = fer_edge("run", "--input", picture, "--web", f"127.0.0.1:{port}")
    assert_one_clear_line(ended, f"127.0.0.1:{port}", "another program uses it")
    assert ended.stdout == ""


def test_a_public_address_without_a_token_ends_the_run(fer_edge: Invoke, picture: Path) -> None:
    ended = fer_edge("run", "--input", picture, "--web", "0.0.0.0:0")
    assert_one_clear_line(ended, "--web-token auto", "127.0.0.1")


def test_a_missing_web_server_names_the_extra(
    fer_edge: Invoke, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = fer_edge("run", "--input", picture, "--web", "127.0.0.1:0")
    assert_one_clear_line(ended, "pip install 'fer-edge[web]'", "uvicorn")


def test_the_address_is_told_once_and_a_token_of_ones_own_never(
    fer_edge: Invoke, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", "--input", picture, "--web", "127.0.0.1:0")
    (line,) = fer_edge(*command, "--web-token", "auto").stderr.splitlines()
    assert line.startswith("fer-edge: live page at http://127.0.0.1:")
    assert "/?token=" in line
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", TOKEN)
    (line,) = fer_edge(*command).stderr.splitlines()
    assert line.endswith("/")
    assert TOKEN not in line


@pytest.mark.parametrize(
    ("header", "is_here"),
    [
        *(("door:8000", True), ("Door.", True), ("[0:0:0:0:0:0:0:1]:1", True), ("127.0.1.1", True)),
        *(("evil.example", False), ("door.evil.example", False), ("door@evil", False), ("", False)),
    ],
)
def test_a_request_may_name_the_host_of_the_page_or_a_loopback_address(
    header: str, is_here: bool
) -> None:
    app = pytest.importorskip("fer_edge.runtime.publish.web.app")
    assert app.Guard(None, token=None, host="Door", port=8000)._is_here(header) is is_here
