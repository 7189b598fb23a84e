"""The web page's paths and their access control. Needs starlette (the [web] extra)."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fer_edge.loopback import is_loopback

from .live_run import LiveRun, PictureFeed, as_json
from .metrics import RunMetrics

_PAGE = Path(__file__).parent / "static"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
]
"""Headers of every response, including errors."""
_FAREWELL = {"Connection": "close"}
"""Rejected clients do not keep one of the few connections."""
_COOKIE_AGE_S = 30 * 24 * 3600
_POLL_S = 10.0
_SILENCE_S = 30.0
_EVENT_INTERVAL_S = 0.1
_HOST = re.compile(r"(\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(:\d{1,5})?", re.IGNORECASE)


class Guard:
    """Accepts requests with the token; without a token, requests for this machine itself.

    A page of another site can make its own name resolve to 127.0.0.1 (DNS rebinding) and then read
    this page as its own; but its name is in the Host header. If a token is required, such a page
    gets nothing, since the cookie belongs to the original name.
    """

    def __init__(
        self, app: ASGIApp, *, token: str | None, host: str, port: int, keeps_login: bool = True
    ) -> None:
        self._app = app
        self._token = token
        # the cookie of a token for a single run ends with the browser: cookies would pile up
        self._age_s = _COOKIE_AGE_S if keeps_login else None
        self._host = host.lower()
        # cookies distinguish neither ports nor the devices behind a proxy: two runs must not log
        # each other out
        mark = _derived(token, b"fer-edge web cookie name")[:8] if token else ""
        self._cookie_name = f"fer_edge_{port}_{mark}"
        self._cookie = _derived(token, b"fer-edge web session") if token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http":
            refusal = self._answer(HTTPConnection(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _answer(self, request: HTTPConnection) -> Response | None:
        if self._token is None:
            if self._is_here(request.headers.get("host", "")):
                return None
            return PlainTextResponse("Misdirected Request", 421, headers=_FAREWELL)
        query = request.scope["query_string"].decode("latin-1")
        # a token may contain +, which means a space in a query, but no space
        given = parse_qs(query).get("token", [""])[0].replace(" ", "+")
        if request.url.path == "/" and _is_same(given, self._token):
            return self._logged_in()
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _is_same(bearer.strip(), self._token):
            return None
        if _is_same(request.cookies.get(self._cookie_name, ""), self._cookie):
            return None
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer", **_FAREWELL})

    def _is_here(self, header: str) -> bool:
        """Return whether a Host header names a loopback address, or the host of the page."""
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        host = (found["six"] or found["name"]).lower().removesuffix(".")
        return host == self._host or is_loopback(host)

    def _logged_in(self) -> Response:
        # Not a redirect: after a click in an e-mail it counts as cross-site, and a strict cookie
        # is not sent with it. A refresh counts as same-site.
        response = PlainTextResponse("Welcome.", headers={"Refresh": "0; url=./"})
        response.set_cookie(
            self._cookie_name,
            self._cookie,
            max_age=self._age_s,
            path=None,  # that of the page: a proxy may have other pages below other paths
            httponly=True,
            samesite="strict",
        )
        return response


@dataclass(frozen=True, slots=True)
class Views:
    """Content to serve.

    Attributes:
        live: Newest result and history.
        bare: Picture on which the page draws boxes.
        drawn: Picture with boxes and bars, for other programs.
        metrics: Metrics for Prometheus.
    """

    live: LiveRun
    bare: PictureFeed
    drawn: PictureFeed
    metrics: RunMetrics


def make_app(
    views: Views, *, token: str | None, host: str, port: int, keeps_login: bool = True
) -> Starlette:
    """Create the ASGI application.

    Args:
        views: Content to serve.
        token: Token for viewers; None for loopback only.
        host: Host of the page, which requests without a token may name.
        port: Port of the page, for the name of the cookie.
        keeps_login: Whether a browser remembers the token after it was closed.
    """
    files = _page_files()

    async def file(request: Request) -> Response:
        return files[request.url.path]

    async def health(request: Request) -> Response:
        silent_s = views.live.silent_s
        if views.live.standing() == "paused":
            return PlainTextResponse("ok, paused\n")
        if silent_s > _SILENCE_S:
            return PlainTextResponse(f"no frame for {silent_s:.0f} s\n", 503)
        return PlainTextResponse("ok\n")

    async def state(request: Request) -> Response:
        return Response(as_json(views.live.record()), media_type="application/json")

    async def metrics(request: Request) -> Response:
        figures, kind = views.metrics.answer(request.headers.get("accept", ""))
        return Response(figures, headers={"content-type": kind})

    async def events(request: Request) -> Response:
        return _stream(request, _events(views.live), "text/event-stream")

    async def frame(request: Request) -> Response:
        return await _frame(request, views.bare)

    async def stream(request: Request) -> Response:
        return _stream(
            request, _parts(views.drawn), "multipart/x-mixed-replace; boundary=fer-edge-frame"
        )

    routes = [Route(path, file) for path in files]
    routes += [
        Route("/healthz", health),
        Route("/api/state", state),
        Route("/api/events", events),
        Route("/metrics", metrics),
        Route("/frame.jpg", frame),
        Route("/stream.mjpg", stream),
    ]
    guard = Middleware(Guard, token=token, host=host, port=port, keeps_login=keeps_login)
    app = Starlette(routes=routes, middleware=[guard])
    app.router.redirect_slashes = False  # a redirect would use the Host of the request
    return app


async def _frame(request: Request, pictures: PictureFeed) -> Response:
    """Send the newest picture, once there is one after `?after=N`."""
    after = request.query_params.get("after", "0")
    number = int(after) if re.fullmatch(r"\d{1,15}", after, re.ASCII) else 0
    try:
        picture = await asyncio.wait_for(pictures.newer(number), _POLL_S)
    except asyncio.TimeoutError:  # not the built-in exception before Python 3.11
        picture = None
    if picture is None:
        return Response(status_code=204)
    headers = {"Fer-Edge-Overlay": picture.overlay}
    return Response(picture.jpeg, media_type="image/jpeg", headers=headers)


async def _events(live: LiveRun) -> AsyncIterator[bytes]:
    """Send the history, then the current state at most ten times per second, and the end."""
    number, second, is_first = 0, 0, True
    while True:
        past = live.past(second)
        if is_first or past["seconds"]:
            yield _event("past", past)
            is_first = False
        if past["seconds"]:
            second = past["seconds"][-1][0] + 1
        yield _event("now", live.event())
        await live.pause(_EVENT_INTERVAL_S)
        try:
            seen = await asyncio.wait_for(live.newer(number), 1.0)
        except asyncio.TimeoutError:  # a stalled source: the page shows a falling rate
            continue
        if seen is None:
            yield _event("end", {})
            return
        number = seen.number
        del (
            seen
        )  # free the frame: a disconnected viewer may leave this coroutine to the garbage collector


def _event(name: str, value: object) -> bytes:
    return f"event: {name}\ndata: {as_json(value)}\n\n".encode("ascii")


async def _parts(pictures: PictureFeed) -> AsyncIterator[bytes]:
    number = 0
    while (picture := await pictures.newer(number)) is not None:
        number = picture.number
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n"
        yield b"--fer-edge-frame\r\n" + head.encode("ascii") + picture.jpeg + b"\r\n"


def _page_files() -> dict[str, Response]:
    """Read the page now, so that a package upgrade during a run does not mix two versions."""
    files = {
        "/" if file.name == "index.html" else f"/{file.name}": Response(
            file.read_bytes(), media_type=_KINDS[file.suffix]
        )
        for file in _PAGE.iterdir()
        if file.suffix in _KINDS
    }
    files["/favicon.ico"] = files["/icon.svg"]  # some browsers ask for it whatever the page says
    return files


def _stream(request: Request, parts: AsyncIterator[bytes], kind: str) -> Response:
    if request.method == "HEAD":
        return Response(headers={"content-type": kind})
    return StreamingResponse(parts, headers={"content-type": kind})


def _derived(token: str, purpose: bytes) -> str:
    """Return a text for a token: it survives a restart, and does not reveal the token."""
    return hmac.new(token.encode(), purpose, hashlib.sha256).hexdigest()


def _is_same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
