"""What is known of a device after one look."""

from dataclasses import dataclass

from fer_edge.errors import DeployError
from fer_edge.schema import SchemaError, decode


@dataclass(frozen=True, slots=True)
class Python:
    """A Python of the device.

    Attributes:
        path: Of its executable.
        version: As 3.11.2.
        is_64_bit: Whether it is built for 64 bits.
        has_pip: Whether its virtual environments get a pip (Debian: python3-venv).
    """

    path: str
    version: str
    is_64_bit: bool
    has_pip: bool

    @property
    def minor(self) -> tuple[int, int]:
        """(3, 11) of 3.11.2."""
        first, second = self.version.split(".")[:2]
        return int(first), int(second)


@dataclass(frozen=True, slots=True)
class Facts:
    """The device.

    Attributes:
        machine: Architecture, as aarch64.
        system: Its distribution.
        board: The device tree's name; empty where there is none.
        glibc: Its version; empty with another C library.
        pythons: Those on the path.
        free_disk_mb: Where releases stand, in MB.
        memory_mb: In MB.
        free_memory_mb: In MB.
        cameras: Video devices.
        edge_tpu: A Coral accelerator; empty for none.
        user: Who logs in.
        is_system: Whether root manages releases of the system there, not the user's.
        manager: What starts services: "system", "user", or empty.
        lingers: Whether the service runs without a login.
        base: Where releases stand.
    """

    machine: str
    system: str
    board: str
    glibc: str
    pythons: tuple[Python, ...]
    free_disk_mb: int
    memory_mb: int
    free_memory_mb: int
    cameras: tuple[str, ...]
    edge_tpu: str
    user: str
    is_system: bool
    manager: str
    lingers: bool
    base: str

    @property
    def no_manager(self) -> str:
        """What is missing where nothing starts services."""
        return "no systemd at work" if self.is_system else "no systemd for this user"

    def describe(self) -> str:
        """Return them in one line."""
        versions = ", ".join(python.version for python in self.pythons) or "none"
        parts = [
            self.board or self.system,
            self.machine,
            f"Python {versions}",
            f"glibc {self.glibc}" if self.glibc else "no glibc",
            f"{self.free_disk_mb / 1e3:.1f} GB free",
            f"{self.free_memory_mb} of {self.memory_mb} MB of memory free",
            f"{len(self.cameras)} video device{'s' * (len(self.cameras) != 1)}",
            f"Edge TPU {self.edge_tpu}" if self.edge_tpu else "no Edge TPU",
            "systemd" if self.manager else self.no_manager,
        ]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ReleasedModel:
    """The model of a release.

    Attributes:
        name: Of its file, without the suffix.
        sha256: Of the whole file.
        labels: In output order.
    """

    name: str
    sha256: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service may take; None is what `fer-edge service` takes.

    Attributes:
        memory_mib: Most memory, in MiB.
        watchdog_s: So long without a frame, and it is started again, in seconds.
    """

    memory_mib: int | None = None
    watchdog_s: int | None = None

    def over(self, older: "Limits") -> "Limits":
        """Return these, and the older ones where none is given."""
        memory = older.memory_mib if self.memory_mib is None else self.memory_mib
        watchdog = older.watchdog_s if self.watchdog_s is None else self.watchdog_s
        return Limits(memory, watchdog)

    def options(self) -> list[str]:
        """Return them as options of `fer-edge service install`."""
        memory = [] if self.memory_mib is None else ["--memory", str(self.memory_mib)]
        watchdog = [] if self.watchdog_s is None else ["--watchdog", str(self.watchdog_s)]
        return memory + watchdog


@dataclass(frozen=True, slots=True)
class Release:
    """What a release says of itself.

    Attributes:
        number: Counted from 1.
        made: When, UTC.
        by: Who deployed it, from where.
        fer_edge: Version.
        environment: Name of its environment's folder.
        python: Path of the Python that made it.
        system_site: Whether it sees the system's packages.
        model: Its model.
        config: sha256 of its configuration and secrets; empty for none.
        delegate: What its model runs on; empty for the CPU.
        limits: Of its service.
        has_service: Whether a service runs it.
    """

    number: int
    made: str
    by: str
    fer_edge: str
    environment: str
    python: str
    system_site: bool
    model: ReleasedModel
    config: str
    delegate: str
    limits: Limits
    has_service: bool


@dataclass(frozen=True, slots=True)
class Health:
    """How a service fares.

    Attributes:
        is_well: Whether it runs.
        state: systemd's; empty where there is no such service.
        status: What it says of itself.
        restarts: How often systemd started it again.
        pid: Its process; 0 for none.
    """

    is_well: bool
    state: str
    status: str
    restarts: int
    pid: int


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that was begun and not proven.

    Attributes:
        before: The release until then; None for the first.
        number: The new release.
        way: restart, reload or link.
    """

    before: int | None
    number: int
    way: str


@dataclass(frozen=True, slots=True)
class Situation:
    """A device, and what was deployed to it.

    Attributes:
        facts: The device.
        others_unit: A unit of the service's name that no deployment brought; empty for none.
        other_place: Where a service of that name runs from with --system, or without; or empty.
        current: Number of the release that runs; None for none.
        releases: The oldest first.
        open_switch: A switch that a deployment or the device did not survive.
        service: None where no service manager is there.
    """

    facts: Facts
    others_unit: str
    other_place: str
    current: int | None
    releases: tuple[Release, ...]
    open_switch: Switch | None
    service: Health | None

    @property
    def release(self) -> Release | None:
        """The one that runs."""
        return next((item for item in self.releases if item.number == self.current), None)


def read_situation(host: str, answer: object) -> Situation:
    """Check what the agent's look returned.

    Raises:
        DeployError: Another version of fer-edge wrote the releases there.
    """
    try:
        return decode(Situation, answer)
    except SchemaError as error:
        raise DeployError(
            f"{host}: its releases were not written by this version of fer-edge ({error}); "
            "remove them: fer-edge deploy HOST --remove"
        ) from error
