"""The options of `fer-edge run` that serve a live web page."""

from typing import TYPE_CHECKING, Any

import click

from .number_range import NumberRange

if TYPE_CHECKING:
    from .web import WebPage

WEB_OPTIONS = (
    click.option(
        "--web",
        metavar="HOST:PORT",
        help="Serve a live page: picture, bars, timeline, rates. Example: --web 127.0.0.1:8000, "
        "then open that in a browser. Needs pip install 'fer-edge[web]'. A host that others can "
        "reach, such as 0.0.0.0, wants a token.",
    ),
    click.option(
        "--web-token",
        metavar="TOKEN",
        envvar="FER_EDGE_WEB_TOKEN",
        help="What a viewer of --web must show, 12 or more ASCII characters; open the page once "
        "with ?token=TOKEN. auto makes one and prints the address. Whoever may list processes (ps) "
        "sees a token on a command line: FER_EDGE_WEB_TOKEN in the environment is the other way.",
    ),
    click.option(
        "--web-fps",
        default=10.0,
        show_default=True,
        type=NumberRange(0.1, 60),
        help="Pictures per second that --web encodes at most, while somebody looks.",
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
    from .web import WebPage
    from .web_address import chosen_token, parse_address

    address = parse_address(options["web"])
    token = chosen_token(options["web_token"])
    page = WebPage(address, token=token, rate_hz=options["web_fps"])
    # a token of the user's own is the user's to keep; one made here is told once
    query = f"?token={token}" if options["web_token"] == "auto" else ""
    click.echo(f"fer-edge: live page at {page.address.url}{query}", err=True)
    return page
