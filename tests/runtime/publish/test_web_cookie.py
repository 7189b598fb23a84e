"""Cookies of several pages that a browser takes for one: behind a proxy, or on one device."""

from http.cookies import Morsel, SimpleCookie

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.publish.web.address import WebAddress
from tests.support.web_client import TOKEN, get, served, served_at

OTHER = "another-horse-battery"


def cookie_of(port: int, token: str, **options: bool) -> "Morsel[str]":
    """Log in to a page at a port, as behind a proxy all pages may have the same."""
    with served_at(WebAddress("127.0.0.1", port), token=token, **options) as page:
        (cookie,) = SimpleCookie(get(page, f"/?token={token}")[1]["set-cookie"]).values()
        return cookie


@pytest.fixture
def port() -> int:
    with served() as page:
        return page.address.port


def test_pages_with_the_same_port_do_not_log_each_other_out(port: int) -> None:
    first, second = (cookie_of(port, token) for token in (TOKEN, OTHER))
    assert first.key != second.key
    for cookies in ((first, second), (second, first)):
        header = "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies)
        for token in (TOKEN, OTHER):
            with served_at(WebAddress("127.0.0.1", port), token=token) as page:
                assert get(page, "/api/state", {"Cookie": header})[0] == 200


def test_a_cookie_survives_a_restart_and_is_only_sent_to_its_own_page(port: int) -> None:
    cookie, again = cookie_of(port, TOKEN), cookie_of(port, TOKEN)
    assert (cookie.key, cookie.value) == (again.key, again.value)
    assert cookie["path"] == ""  # the browser adds that of the page below the proxy


def test_the_cookie_of_a_token_for_one_run_ends_with_the_browser(port: int) -> None:
    assert cookie_of(port, TOKEN)["max-age"]
    assert not cookie_of(port, TOKEN, keeps_login=False)["max-age"]


def test_the_name_of_a_cookie_reveals_neither_its_value_nor_the_token(port: int) -> None:
    cookie = cookie_of(port, TOKEN)
    mark = cookie.key.rpartition("_")[2]
    assert len(mark) == 8
    assert mark not in cookie.value
    assert mark not in TOKEN.encode().hex()
