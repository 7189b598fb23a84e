import http.server
import threading
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start HTTP servers, each for one request handler; return their addresses."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(handler: type[http.server.BaseHTTPRequestHandler], **attributes: object) -> str:
        own = type("Handler", (handler,), attributes)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), own)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
