"""The options of `fer-edge run` that serve a live web page."""

from typing import TYPE_CHECKING, Any

import click

from ..options import NumberRange

if TYPE_CHECKING:
    from .page import WebPage

WEB_OPTIONS = (
    click.Option(
        ["--web"],
        metavar="HOST:PORT",
        help="Serve a live page: picture, bars, timeline, rates. Example: --web 127.0.0.1:8000, "
        "then open that in a browser. Needs pip install 'fer-edge[web]'.",
    ),
    click.Option(
        ["--web-token"],
        metavar="TOKEN",
        envvar="FER_EDGE_WEB_TOKEN",
        help="What a viewer must show, 12 or more ASCII characters; wanted where --web names a "
        "host that others can reach. Open the page once with ?token=TOKEN. auto makes one and "
        "prints the address. FER_EDGE_WEB_TOKEN hides it from who may list processes.",
    ),
    click.Option(
        ["--web-fps", "web_rate_hz"],
        default=10.0,
        show_default=True,
        type=NumberRange(0.1, 60),
        metavar="HZ",
        help="Pictures per second at most, while somebody looks.",
    ),
)


def open_web_page(options: dict[str, Any]) -> "WebPage":
    """Open the page that the options ask for, and say on standard error where it is.

    Args:
        options: Those of `WEB_OPTIONS`.

    Raises:
        OutputError: The address or the token will not do.
        MissingExtraError: The web server is not installed.
    """
    from .address import chosen_token, parse_address
    from .page import WebPage

    address = parse_address(options["web"])
    token = chosen_token(options["web_token"])
    page = WebPage(address, token=token, rate_hz=options["web_rate_hz"])
    # a token of the user's own is the user's to keep; one made here is told once
    query = f"?token={token}" if options["web_token"] == "auto" else ""
    click.echo(f"fer-edge: live page at {page.address.url}{query}", err=True)
    return page
