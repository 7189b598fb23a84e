"""Socket for the messages of a service to systemd."""

import socket
import threading
import time


class Listener:
    """Receiver for NOTIFY_SOCKET that keeps all received assignments."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while data := self._socket.recv(4096):
            self.lines += data.decode().splitlines()
            if "test over" in self.lines:
                self._socket.close()
                return

    def has(self, line: str, timeout_s: float = 10) -> bool:
        until = time.monotonic() + timeout_s
        while not any(said.startswith(line) for said in self.lines):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def wait_for_count(self, line: str, count: int, timeout_s: float = 10) -> None:
        """Wait until a line was received `count` times."""
        until = time.monotonic() + timeout_s
        while self.lines.count(line) < count:
            assert time.monotonic() < until, f"{line} came {self.lines.count(line)} times"
            time.sleep(0.01)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"test over", self.address.replace("@", "\0", 1))
