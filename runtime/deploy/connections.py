"""The open connections, so that Ctrl-C can end all of them properly."""

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fer_edge.errors import DeployError

from .connection import Connection, check_ssh_config


class Connections:
    """Opens connections and keeps track of them."""

    def __init__(
        self,
        *,
        name: str = "fer-edge",
        system_hosts: Collection[str] = (),
        ssh_config: Path | None = None,
    ) -> None:
        """Start without connections.

        Args:
            name: Name of the service.
            system_hosts: Addresses of hosts where it is a system service, not the user's.
            ssh_config: SSH configuration file instead of the user's.

        Raises:
            ConfigError: The configuration file does not exist.
        """
        check_ssh_config(ssh_config)
        self._open_one = partial(Connection, name=name, ssh_config=ssh_config)
        self._system_hosts = frozenset(system_hosts)
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self.is_over = False

    def connect(self, host: str) -> Connection:
        """Connect to a host.

        Raises:
            DeployError: It cannot be reached, or all connections were ended.
        """
        self._check(host)
        connection = self._open_one(host, is_system=host in self._system_hosts)
        with self._lock:
            self._open.append(connection)
        try:
            self._check(host)  # it may be over since the connection was begun
        except DeployError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End all connections, and open no more."""
        with self._lock:
            self.is_over = True
            connections = list(self._open)
        # all at once: a device that does not answer takes some seconds
        with ThreadPoolExecutor(max(1, len(connections))) as pool:
            list(pool.map(Connection.close, connections))

    def _check(self, host: str) -> None:
        if self.is_over:
            raise DeployError(f"{host}: interrupted")
