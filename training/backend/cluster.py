"""The devices of all processes that train together."""

import re
from dataclasses import dataclass

from fer_edge.errors import ConfigError
from fer_edge.ranges import check_range

AUTO = "auto"
"""As a coordinator: read everything from the environment of SLURM or Open MPI."""

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Cluster:
    """Processes that share every batch, all with the same number of devices.

    Attributes:
        devices: Number of devices per process.
        coordinator: Address of the first process, host:port; "auto" to read it from the environment
            of a SLURM step or of Open MPI; empty for a single process.
        processes: Number of processes.
        process_id: Number of this process, from 0; process 0 writes the run folder.
    """

    devices: int = 1
    coordinator: str = ""
    processes: int = 1
    process_id: int = 0

    def __post_init__(self) -> None:
        """Reject inconsistent values.

        Raises:
            ConfigError: A value is out of range or of another kind, or they are inconsistent.
        """
        check_range("devices", self.devices, 1, is_whole=True)
        check_range("processes", self.processes, 1, is_whole=True)
        check_range("process_id", self.process_id, 0, is_whole=True)
        if self.coordinator in ("", AUTO):
            if (self.processes, self.process_id) != (1, 0):
                raise ConfigError(
                    f"got {self.processes} processes with process {self.process_id} but no "
                    "coordinator; expected HOST:PORT, the address of the first process"
                )
            return
        if not _is_address(self.coordinator):
            raise ConfigError(
                f"the coordinator is {self.coordinator!r}; expected HOST:PORT, where the first "
                f"process listens, or {AUTO}"
            )
        if not 0 <= self.process_id < self.processes:
            raise ConfigError(
                f"process {self.process_id} of {self.processes} is out of range; expected 0 to "
                f"{self.processes - 1}"
            )

    @property
    def is_alone(self) -> bool:
        """Whether there is only one process."""
        return not self.coordinator


def _is_address(text: str) -> bool:
    if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):[0-9]{1,5}", text):
        return False
    host, _, port = text.rpartition(":")
    try:
        host.encode("idna")  # as for every connection: labels of 1 to 63 characters
    except UnicodeError:
        return False
    return 1 <= int(port) <= _HIGHEST_PORT
