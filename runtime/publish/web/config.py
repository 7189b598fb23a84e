"""The part of a run's configuration that serves a live web page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from fer_edge.cli.needs import Needs
from fer_edge.cli.option_fields import check_ranges, option

if TYPE_CHECKING:
    from .page import WebPage

TOKEN_VARIABLE = "FER_EDGE_WEB_TOKEN"


@dataclass(frozen=True, slots=True)
class WebConfig:
    """A live page."""

    address: str | None = option(
        "--web",
        metavar="HOST:PORT",
        help="Serve a live page: picture, bars, timeline, rates. Example: --web 127.0.0.1:8000, "
        "then open that in a browser. Needs pip install 'fer-edge[web]'.",
    )
    token: str | None = option(
        "--web-token",
        metavar="TOKEN",
        help="What a viewer must show, 12 or more ASCII characters; wanted where --web names a "
        "host that others can reach. Open the page once with ?token=TOKEN. auto makes one and "
        "prints the address. FER_EDGE_WEB_TOKEN hides it from who may list processes.",
    )
    fps: float = option(
        "--web-fps",
        default=10.0,
        at_least=0.1,
        at_most=60,
        shows_default=True,
        metavar="HZ",
        help="Pictures per second at most, while somebody looks.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "web")

    def completed(self, environment: Mapping[str, str]) -> "WebConfig":
        """Return the part; where it has no token, with that of the environment."""
        token = environment.get(TOKEN_VARIABLE)
        return self if self.token is not None or not token else replace(self, token=token)

    def needs(self) -> Needs:
        """Say what it asks of the system."""
        return Needs(network=self.address is not None)

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the token, as an environment variable."""
        is_secret = self.token is not None and self.token != "auto"
        return {TOKEN_VARIABLE: str(self.token)} if is_secret else {}

    def without_secrets(self) -> "WebConfig":
        """Return the part without its token."""
        return self if self.token == "auto" else replace(self, token=None)


def web_sinks(web: WebConfig) -> "list[Callable[[], WebPage]]":
    """Return what opens the page, if one is asked for."""
    return [] if web.address is None else [partial(open_web_page, web.address, web)]


def open_web_page(address: str, web: WebConfig) -> "WebPage":
    """Open the page, and say on standard error where it is.

    Args:
        address: Where, as HOST:PORT.
        web: The token and the rate.

    Raises:
        OutputError: The address or the token will not do.
        MissingExtraError: The web server is not installed.
    """
    from .address import chosen_token, parse_address
    from .page import WebPage

    token = chosen_token(web.token)
    page = WebPage(parse_address(address), token=token, rate_hz=web.fps)
    # a token of the user's own is the user's to keep; one made here is told once
    query = f"?token={token}" if web.token == "auto" else ""
    click.echo(f"fer-edge: live page at {page.address.url}{query}", err=True)
    return page
