"""Headless Chromium, controlled through its DevTools pipe, without a port, driver or package.

Protocol: https://chromedevtools.github.io/devtools-protocol/; each message ends with a NUL.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)

_LEFT = ("navigated or closed", "context was destroyed", "Cannot find context")
"""What the browser answers when a page is left before an expression has its value."""


class NavigatedError(Exception):
    """The page was left while it was being read."""


class Chromium:
    """Browser with one tab; a context manager."""

    def __init__(self) -> None:
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("Chromium is not installed (tests/debian-packages.txt)")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._write_end = os.pipe()
        self._read_end, from_browser = os.pipe()
        # the browser needs its pipes as descriptors 3 and 4
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        arguments = [program, *_FLAGS, f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *arguments],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._last_id = 0
        self._loaded: set[str] = set()
        self._session: str | None = None
        self.requested: list[str] = []
        """Addresses of all requests of the tab."""
        self.errors: list[str] = []
        """Errors in the page's console, including violations of its policies."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._write_end)
        os.close(self._read_end)
        self._profile.cleanup()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write_end, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 30
        while True:
            answer = self._next_message(deadline)
            if answer.get("id") == self._last_id:
                error = answer.get("error")
                if error and any(text in error["message"] for text in _LEFT):
                    raise NavigatedError(error["message"])
                assert not error, error
                return answer["result"]
            self._note(answer)

    def open(self, address: str) -> None:
        """Open an address, and wait until the page is loaded."""
        # the load of an earlier page, about:blank too, may be reported only now
        loader = self.call("Page.navigate", url=address)["loaderId"]
        deadline = time.monotonic() + 20
        while loader not in self._loaded:
            self._note(self._next_message(deadline))

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 20) -> Any:
        """Wait until an expression is true, across changes of the page; return its value."""
        deadline = time.monotonic() + timeout_s
        while not (value := self._evaluate_here(expression)):
            assert time.monotonic() < deadline, f"never true: {expression}; {self.errors}"
            time.sleep(0.05)
        return value

    def _evaluate_here(self, expression: str) -> Any:
        try:
            return self.evaluate(expression)
        except NavigatedError:
            return None  # the next page is asked the next time

    def resize(self, width: int, height: int, *, scale: float = 1, is_dark: bool = False) -> None:
        """Set the window's size in CSS pixels, the pixel ratio, and the color scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Write a screenshot of the whole page as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _next_message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read_end], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self._read_end, 1 << 20)
            if not data:
                raise EOFError("Chromium has gone")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        if message.get("method") == "Page.lifecycleEvent":
            if parameters["name"] == "load":
                self._loaded.add(parameters["loaderId"])
        elif message.get("method") == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"]["text"])
        elif message.get("method") == "Log.entryAdded":
            entry = parameters["entry"]
            self.errors.append(f"{entry['text']} {entry.get('url', '')}".rstrip())
