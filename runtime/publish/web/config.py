"""The part of a run's configuration for the live web page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fer_edge.cli.needs import Needs, reaching
from fer_edge.cli.option_fields import check_ranges, option
from fer_edge.require import install

TOKEN_VARIABLE = "FER_EDGE_WEB_TOKEN"


@dataclass(frozen=True, slots=True)
class WebConfig:
    """A live page."""

    address: str | None = option(
        "--web",
        metavar="HOST:PORT",
        help="Address of a live page with picture, bars, timeline and rates. Example: --web "
        f"127.0.0.1:8000, then open that address in a browser. Needs {install('web')}.",
    )
    token: str | None = option(
        "--web-token",
        metavar="TOKEN",
        help="Token that a viewer needs, 12 or more ASCII characters; required if --web is an "
        "address that others can reach. Open the page once with ?token=TOKEN. auto creates "
        "a token and prints the address. Set it in FER_EDGE_WEB_TOKEN to hide it from "
        "process lists.",
    )
    fps: float = option(
        "--web-fps",
        default=10.0,
        at_least=0.1,
        at_most=60,
        shows_default=True,
        metavar="HZ",
        help="Most pictures per second, while someone is viewing.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "web")
        if self.address is not None:
            from .address import parse_address

            parse_address(self.address)

    def completed(self, environment: Mapping[str, str]) -> "WebConfig":
        """Return the part; the default of the token is that of the environment."""
        token = environment.get(TOKEN_VARIABLE)
        return self if self.token is not None or not token else replace(self, token=token)

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        if self.address is None:
            return Needs()
        from .address import parse_address

        return reaching(parse_address(self.address).host)

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the token as an environment variable."""
        is_secret = self.token is not None and self.token != "auto"
        return {TOKEN_VARIABLE: str(self.token)} if is_secret else {}

    def without_secrets(self) -> "WebConfig":
        """Return the part without its token."""
        return self if self.token == "auto" else replace(self, token=None)
