"""Which devices of which processes train together."""

import re
from dataclasses import dataclass

from fer_edge.errors import TrainingError

AUTO = "auto"
"""As a coordinator: SLURM's or Open MPI's environment says all of it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Processes that share every batch, each with the same number of devices.

    Attributes:
        devices: Of each process.
        coordinator: Address of the first process, host:port; "auto" for what the environment of a
            SLURM step or of Open MPI says; empty for a process that trains alone.
        processes: How many there are.
        process_id: This one's number, from 0; the first writes the run folder.
    """

    devices: int = 1
    coordinator: str = ""
    processes: int = 1
    process_id: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            TrainingError: The values do not fit each other.
        """
        if self.coordinator in ("", AUTO):
            if (self.processes, self.process_id) != (1, 0):
                raise TrainingError(
                    f"{self.processes} processes with process {self.process_id} were named; "
                    "expected a coordinator HOST:PORT with them, the first process's address"
                )
            return
        if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):[0-9]{1,5}", self.coordinator):
            raise TrainingError(
                f"the coordinator is {self.coordinator!r}; expected HOST:PORT, where the first "
                f"process listens, or {AUTO}"
            )
        if not 0 <= self.process_id < self.processes:
            raise TrainingError(
                f"process {self.process_id} of {self.processes} was named; expected a number "
                f"from 0 to {self.processes - 1}"
            )

    @property
    def is_alone(self) -> bool:
        """Whether no other process takes part."""
        return not self.coordinator
