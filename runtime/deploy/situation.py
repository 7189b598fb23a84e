"""State of a device after inspection."""

import re
from dataclasses import dataclass

from fer_edge.errors import DeployError
from fer_edge.schema import SchemaError, decode
from fer_edge.shown import printable

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,40}")
_GLIBC = re.compile(r"([0-9]{1,3}\.[0-9]{1,4}([.-][A-Za-z0-9_.-]{0,40})?)?")
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}([.][A-Za-z0-9_.+-]{0,40})?")


@dataclass(frozen=True, slots=True)
class Python:
    """A Python on the device.

    Attributes:
        path: Path of its executable.
        version: Version, such as 3.11.2.
        is_64_bit: Whether it is a 64-bit build.
        has_pip: Whether its virtual environments get pip (Debian: python3-venv).
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
    """Facts about the device.

    Attributes:
        machine: Architecture, such as aarch64.
        system: Distribution.
        board: Name from the device tree; empty if there is none.
        glibc: Version of glibc; empty for another C library.
        pythons: Pythons on the path.
        free_disk_mb: Free disk space for the releases, in MB.
        memory_mb: Memory in MB.
        free_memory_mb: Free memory in MB.
        cameras: Video devices.
        edge_tpu: Coral accelerator; empty for none.
        user: Login user.
        is_system: Whether the releases are the system's, managed by root, not the user's.
        manager: Service manager: "system", "user", or empty.
        lingers: Whether the service runs without a login.
        base: Folder of the releases.
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
        """Description of the missing service manager."""
        return (
            "systemd is not running" if self.is_system else "systemd is not running for this user"
        )

    def describe(self) -> str:
        """Format them in one line."""
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
        name: Name of its file, without suffix.
        sha256: Sha256 of the whole file.
        labels: Labels in output order.
    """

    name: str
    sha256: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a service; None is the default of `fer-edge service`.

    Attributes:
        memory_mib: Memory limit in MiB.
        watchdog_s: Time without a frame after which it is restarted, in seconds.
    """

    memory_mib: int | None = None
    watchdog_s: int | None = None

    def over(self, older: "Limits") -> "Limits":
        """Return these limits, completed by older ones."""
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
    """Record of a release.

    Attributes:
        number: Number, from 1.
        made: Creation time, UTC.
        by: User and host of the deployment.
        fer_edge: Version of fer-edge.
        environment: Name of its environment's folder.
        python: Path of the Python that created it.
        system_site: Whether it sees the system's packages.
        model: Its model.
        config: sha256 of its configuration and secrets; empty for none.
        delegate: Delegate of its model; empty for the CPU.
        limits: Limits of its service.
        has_service: Whether a service runs it.
        before: Number of the release that ran before it; None for the first.
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
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """State of a service.

    Attributes:
        is_well: Whether it is running.
        state: systemd's state; empty without such a service.
        status: Its status text.
        restarts: Number of restarts by systemd.
        pid: Process ID; 0 for none.
    """

    is_well: bool
    state: str
    status: str
    restarts: int
    pid: int


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that was started but not confirmed.

    Attributes:
        before: Number of the previous release; None for the first.
        number: Number of the new release.
        way: restart, reload or link.
    """

    before: int | None
    number: int
    way: str


@dataclass(frozen=True, slots=True)
class Situation:
    """State of a device and its deployments.

    Attributes:
        facts: Facts about the device.
        others_unit: Unit of the service's name that no deployment created; empty for none.
        other_place: Folder of a service with that name of the other kind (--system or not); or
            empty.
        current: Number of the current release; None for none.
        releases: Releases, the oldest first.
        open_switch: Switch that a deployment or the device did not survive.
        service: None without a service manager.
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
        """The current release."""
        return next((item for item in self.releases if item.number == self.current), None)


def read_situation(host: str, answer: object) -> Situation:
    """Check the agent's answer.

    Raises:
        DeployError: Another version of fer-edge wrote the releases there, or a fact is impossible.
    """
    try:
        situation = decode(Situation, answer)
    except SchemaError as error:
        raise DeployError(
            f"{host}: its releases were written by another version of fer-edge ({error}); remove "
            "them: fer-edge deploy HOST --remove"
        ) from error
    facts = situation.facts
    # they become numbers, and names of folders here
    words = [(facts.machine, _WORD), (facts.glibc, _GLIBC)]
    words += [(python.version, _VERSION) for python in facts.pythons]
    for text, pattern in words:
        if not pattern.fullmatch(text):
            raise DeployError(
                f"{host}: it states {printable(repr(text))} as its processor, or as a version of "
                "glibc or Python; check that it is your device"
            )
    return situation
