"""The connections that are open, so that Ctrl-C can end all of them in good order."""

import threading
from collections.abc import Collection
from functools import partial
from pathlib import Path

from fer_edge.errors import DeployError

from .connection import Connection


class Connections:
    """Makes connections and remembers them."""

    def __init__(
        self,
        *,
        name: str = "fer-edge",
        system_hosts: Collection[str] = (),
        ssh_config: Path | None = None,
    ) -> None:
        """Make none yet.

        Args:
            name: Of the service.
            system_hosts: Addresses of hosts where it is a service of the system, not of the user.
            ssh_config: Replaces the user's ssh configuration.
        """
        self._open_one = partial(Connection, name=name, ssh_config=ssh_config)
        self._system_hosts = frozenset(system_hosts)
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self.is_over = False

    def connect(self, host: str) -> Connection:
        """Connect to a host.

        Raises:
            DeployError: It cannot be reached, or all was ended.
        """
        if self.is_over:
            raise DeployError(f"{host}: interrupted")
        connection = self._open_one(host, is_system=host in self._system_hosts)
        with self._lock:
            self._open.append(connection)
        return connection

    def close(self) -> None:
        """End all, and make no more."""
        self.is_over = True
        with self._lock:
            for connection in self._open:
                connection.close()
