"""The live web page: a sink with a server in a separate thread."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.require import require

from ...drawing.annotation import annotate
from ...recognition.result import Result
from ...timing.frame_seconds import FrameSeconds
from ..own_context import OwnContext
from ..standing import Standing, standing
from .address import MAX_CONNECTIONS, WebAddress, chosen_token, listen, parse_address
from .live_run import LiveRun, PictureFeed
from .server_log import SERVER_THREAD, shorten_errors

if TYPE_CHECKING:
    from uvicorn import Server

_REQUEST_TIMEOUT_S = 10.0
_FAREWELL_S = 0.3
_USUAL_S = 1 / 30


class WebPage:
    """Shows results live to all viewers of the page.

    The address is opened immediately, so that a port in use ends a run before it starts. `write`
    stores the newest frame and returns; pictures are only encoded while someone is viewing. Nothing
    is written to disk.
    """

    def __init__(
        self,
        address: WebAddress,
        *,
        token: str | None = None,
        keeps_login: bool = True,
        rate_hz: float = 10.0,
        camera: Callable[[], Standing] = lambda: "online",
        model: str = "",
        seconds: FrameSeconds | None = None,
    ) -> None:
        """Open the address and start the server's thread.

        Args:
            address: Address to listen on; the port may be 0 for any free port.
            token: Token for viewers; without it only loopback addresses are accepted.
            keeps_login: Whether a browser remembers the token after it was closed.
            rate_hz: Most pictures per second.
            camera: Function that returns the state of the source.
            model: Name or path of the model, for display.
            seconds: Durations of the frames, for the metrics; None for a live source.

        Raises:
            ConfigError: Others can reach the address, and the token is missing.
            OutputError: The address cannot be opened.
            MissingExtraError: The web server is not installed.
        """
        for module in ("starlette", "uvicorn", "prometheus_client"):
            require("web", module, what="--web")
        from .app import Views, make_app
        from .metrics import RunMetrics

        self._live = LiveRun(camera, seconds or FrameSeconds(_USUAL_S, is_live=True))
        with ExitStack() as on_failure:
            self.address, self._sockets = listen(address, has_token=token is not None)
            for opened in self._sockets:
                on_failure.callback(opened.close)
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="fer-edge-web-jpeg")
            on_failure.callback(self._worker.shutdown)
            bare, drawn = (
                PictureFeed(self._live, draw, self._worker, rate_hz=rate_hz)
                for draw in (_bare, _drawn)
            )
            metrics = RunMetrics(self._live.totals, camera, model)
            views = Views(self._live, bare, drawn, metrics)
            app = make_app(
                views,
                token=token,
                host=self.address.host,
                port=self.address.port,
                keeps_login=keeps_login,
            )
            self._server = _make_server(app)
            on_failure.pop_all()
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=SERVER_THREAD, daemon=True)
        self._thread.start()

    def write(self, result: Result) -> None:
        """Store a frame for viewers."""
        self._live.offer(result)

    def close(self, *, complete: bool) -> None:
        """Inform the viewers that the run has ended, and stop serving, within a second."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()
        self._worker.shutdown()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            for opened in self._sockets:
                opened.close()
            self._loop.close()

    async def _serve(self) -> None:
        serving = asyncio.create_task(self._server.serve(sockets=self._sockets))
        await self._ending.wait()
        self._live.end()
        self._server.should_exit = True
        # streams end by themselves now; a blocked viewer would keep its stream open
        connections = self._server.server_state.connections
        until_s = time.monotonic() + _FAREWELL_S
        while connections and time.monotonic() < until_s:
            await asyncio.sleep(0.02)
        for connection in list(connections):
            connection.transport.abort()
        await serving


def open_web_page(place: str, context: OwnContext) -> WebPage:
    """Open the page, and print its address on standard error.

    Args:
        place: Address, as HOST:PORT.
        context: Its options include the token and the rate.

    Raises:
        ConfigError: The address or the token is invalid.
        OutputError: The address cannot be opened.
        MissingExtraError: The web server is not installed.
    """
    web = context.web
    token = chosen_token(web.token)
    page = WebPage(
        parse_address(place),
        token=token,
        keeps_login=web.token != "auto",
        rate_hz=web.fps,
        camera=partial(standing, context.source),
        model=context.model,
        seconds=FrameSeconds.of(context.source),
    )
    # the user keeps the user's token; a generated one is printed once
    query = f"?token={token}" if web.token == "auto" else ""
    click.echo(f"fer-edge: live page at {page.address.url}{query}", err=True)
    return page


def _make_server(app: Any) -> "Server":
    from uvicorn import Config, Server
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from .app import HEADERS

    shorten_errors()

    class Connection(H11Protocol):
        """A viewer's connection; too many or slow connections do not use up file descriptors.

        Each request must be complete in time, counted from its first byte, or from the connection
        for the first one. uvicorn's own timeout is for silence between requests, and ends with a
        single byte of the next one.
        """

        deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > MAX_CONNECTIONS:
                transport.abort()
            else:
                self._await_request()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle and not self.cycle.response_complete:
                self._stop_waiting()
            elif self.deadline is None:
                self._await_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _await_request(self) -> None:
            self.deadline = self.loop.call_later(_REQUEST_TIMEOUT_S, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

    return Server(
        Config(
            app,
            http=Connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # invalid data from port scanners is not worth logging
            access_log=False,  # it would contain the token of the first request
            proxy_headers=False,
            server_header=False,
            headers=HEADERS,
        )
    )


def _bare(result: Result) -> NDArray[np.uint8]:
    return result.frame.image


def _drawn(result: Result) -> NDArray[np.uint8]:
    return annotate(result.frame.image, result.faces)
