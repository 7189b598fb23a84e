"""A TCP proxy that garbles, stalls or breaks the connections of a program on command."""

import random
import socket
import threading
from contextlib import suppress
from typing import Literal

Damage = Literal["", "garble", "stall", "cut", "refuse"]


class Garbler:
    """A proxy for TCP connections to a port of loopback; a context manager.

    Attributes:
        port: Port that the proxy listens on.
        damage: Damage that is done to the server's data now; empty for none.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._chance = random.Random(0)
        self._open: list[socket.socket] = []
        self._mended = threading.Event()
        self._mended.set()
        self.damage: Damage = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def spoil(self, chance: random.Random) -> None:
        """Start one kind of damage, chosen at random."""
        self._chance = random.Random(chance.random())
        self.damage = chance.choice(("garble", "garble", "stall", "cut", "refuse"))
        self._mended.clear()
        if self.damage in ("cut", "refuse"):
            self._hang_up()

    def mend(self) -> None:
        """End the damage: forward all data unchanged."""
        self.damage = ""
        self._mended.set()

    def __enter__(self) -> "Garbler":
        return self

    def __exit__(self, *error: object) -> None:
        self.mend()
        self._listener.close()
        self._hang_up()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            if self.damage == "refuse":
                client.close()
                server.close()
                continue
            self._open += [client, server]
            for source, target, spoils in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._forward, args=(source, target, spoils), daemon=True
                ).start()

    def _forward(self, source: socket.socket, target: socket.socket, spoils: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if spoils and self.damage == "stall":
                    self._mended.wait()
                target.sendall(self._garbled(data) if spoils else data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _garbled(self, data: bytes) -> bytes:
        if self.damage != "garble":
            return data
        changed = bytearray(data)
        for _ in range(1 + len(data) // 200):
            changed[self._chance.randrange(len(data))] = self._chance.randrange(256)
        if self._chance.random() < 0.2:
            del changed[self._chance.randrange(len(changed)) :]
        return bytes(changed)

    def _hang_up(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()
