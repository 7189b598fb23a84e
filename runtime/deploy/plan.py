"""The plan of a deployment, made from facts before anything is changed."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from fer_edge.errors import DeployError
from fer_edge.model.bundled import DEFAULT_MODEL

from .delivery import Delivery
from .own_wheel import EXTRAS
from .situation import Facts, Limits, Python, Release, Situation

MACHINES = ("x86_64", "aarch64")
"""Architectures for which LiteRT has wheels."""
OLDEST_PYTHON, NEWEST_TESTED = (3, 10), (3, 13)
ONLINE_MB = 700
"""Temporary space for an installation by pip: archives and unpacked files."""

Way = Literal["restart", "reload", "link"]


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of a deployment; see the command's help.

    Attributes:
        name: Name of the service.
        is_offline: Whether the device has no internet access.
        wheels: Folder with its wheels.
        has_service: Whether to install and restart the service.
        system_site: Whether the environment sees the system's packages.
        python: Path or name of the device's Python; empty to choose.
        keep: Number of releases to keep.
        limits: Limits of the service.
    """

    name: str = "fer-edge"
    is_offline: bool = False
    wheels: Path | None = None
    has_service: bool = True
    system_site: bool = False
    python: str = ""
    keep: int = 3
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes.

    Attributes:
        identity: Digest of the new environment; empty if the software stays.
        python: Python that creates the environment; None if it stays.
        system_site: Whether the environment sees the system's packages.
        has_new_model: Whether a model is sent.
        has_new_config: Whether a configuration is sent.
        way: How the release is activated.
        has_service: Whether a service will run it.
        limits: Limits of the service.
        lines: All steps as text; empty if there is nothing to do.
        notes: Further information for the user.
    """

    identity: str
    python: Python | None
    system_site: bool
    has_new_model: bool
    has_new_config: bool
    way: Way
    has_service: bool
    limits: Limits
    lines: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the device is up to date."""
        return not self.lines


def make_plan(situation: Situation, delivery: Delivery, choices: Choices) -> Plan:
    """Compare the device with the delivery.

    Raises:
        DeployError: The device cannot run it.
    """
    release, facts = situation.release, situation.facts
    choices = _as_before(choices, situation, is_model_alone=delivery.is_model_alone)
    model_alone = delivery.is_model_alone and release is not None
    identity, python = "", None
    if not model_alone:
        _check_machine(facts, choices)
        python = choose_python(facts, choices.python)
        identity = _identity(delivery, python, choices)
        if release is not None and release.environment.startswith(f"{identity}-"):
            identity, python = "", None
    digest = "" if delivery.config is None else delivery.config.digest
    new_model = delivery.model is not None and (
        release is None or release.model.sha256 != delivery.model.note.sha256
    )
    new_config = delivery.config is not None and (release is None or release.config != digest)
    had_service = release is not None and release.has_service
    has_config = delivery.config is not None or (release is not None and bool(release.config))
    has_service = has_config and choices.has_service and bool(facts.manager)
    if choices.has_service:
        _check_alone(situation)
    limits = choices.limits.over(release.limits if release is not None else Limits())
    starts = has_service and (not had_service or (release is not None and limits != release.limits))
    lines = []
    if identity and python is not None:
        way_in = "wheels sent from here" if _is_offline(choices) else "pip on the device"
        lines.append(
            f"install fer-edge {delivery.wheel.version} by {way_in} (Python {python.version})"
        )
    if new_model or release is None:
        name = delivery.model.note.name if delivery.model else DEFAULT_MODEL
        lines.append(
            f"send the model {name}, and compare its results on drawn faces with those of this "
            "machine"
        )
    if new_config:
        lines.append("send the configuration, with its secrets in a separate file")
    way = _way(
        situation, delivery, has_service, is_model_alone=not (identity or new_config or starts)
    )
    if lines or starts:
        lines.append(_ending(way, choices.name))
    notes = _notes(situation, choices, has_config)
    return Plan(
        identity=identity,
        python=python,
        system_site=choices.system_site,
        has_new_model=new_model or release is None,
        has_new_config=new_config,
        way=way,
        has_service=has_service or (had_service and not choices.has_service),
        limits=limits,
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _check_alone(situation: Situation) -> None:
    """Reject a second service of the same name.

    Raises:
        DeployError: There is one: a foreign one, or a deployed one of the other kind.
    """
    if situation.others_unit:
        raise DeployError(
            f"{situation.others_unit} was not created by a deployment; remove it, or pass --name "
            "for another service"
        )
    if situation.other_place:
        has, without = ("without", "with") if situation.facts.is_system else ("with", "without")
        raise DeployError(
            f"a service of that name was deployed {has} --system to {situation.other_place}; "
            f"deploy {has} --system again, or remove it the same way with --remove, before you "
            f"deploy {without}"
        )


def _as_before(choices: Choices, situation: Situation, *, is_model_alone: bool) -> Choices:
    """Return the options; those not given are taken from the current release."""
    release, paths = situation.release, [item.path for item in situation.facts.pythons]
    if release is None:
        return choices
    if is_model_alone:
        _check_kept(choices, release, situation.facts)
    python = choices.python or (release.python if release.python in paths else "")
    return replace(choices, python=python, system_site=choices.system_site or release.system_site)


def _check_kept(choices: Choices, release: Release, facts: Facts) -> None:
    """Reject another environment than that of the current release, which stays.

    Raises:
        DeployError: Another Python, or the system's packages are chosen.
    """
    given = list[str]()
    if choices.python and choose_python(facts, choices.python).path != release.python:
        given.append("--python")
    if choices.system_site and not release.system_site:
        given.append("--system-site-packages")
    if given:
        raise DeployError(
            f"{' and '.join(given)} would have no effect: with --model alone only the model is "
            "exchanged; deploy without --model first, or omit the option"
        )


def _check_machine(facts: Facts, choices: Choices) -> None:
    """Reject a device without available wheels, unless wheels are sent.

    Raises:
        DeployError: It has another processor or C library.
    """
    if choices.wheels is not None:
        return
    if facts.machine not in MACHINES:
        raise DeployError(
            f"its system is {facts.machine}; expected {' or '.join(MACHINES)}, for which LiteRT "
            "has wheels; install a 64-bit system there, or send your own wheels with --wheels "
            "DIR"
        )
    if not facts.glibc:
        raise DeployError(
            f"{facts.system} has no glibc; expected a system with glibc, since LiteRT has wheels "
            "for glibc only; send your own wheels with --wheels DIR"
        )


def choose_python(facts: Facts, wish: str) -> Python:
    """Return the Python for the environment.

    Raises:
        DeployError: The device has no suitable Python.
    """
    there = ", ".join(map(_described, facts.pythons)) or "none"
    if wish:
        named = [item for item in facts.pythons if wish in (item.path, Path(item.path).name)]
        if not named:
            raise DeployError(f"--python {wish} is not on the device; available: {there}")
        return named[0]
    fitting = [item for item in facts.pythons if item.is_64_bit and item.minor >= OLDEST_PYTHON]
    if not fitting:
        raise DeployError(
            "no suitable Python on the device; expected 64 bits and 3.10 or newer, available: "
            f"{there}"
        )
    tested = [item for item in fitting if item.minor <= NEWEST_TESTED]
    return (tested or fitting)[0]


def _described(python: Python) -> str:
    return f"{python.path} {python.version}{'' if python.is_64_bit else ' of 32 bits'}"


def _identity(delivery: Delivery, python: Python, choices: Choices) -> str:
    parts = (delivery.wheel.digest, python.path, python.version, EXTRAS, str(choices.system_site))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _way(
    situation: Situation, delivery: Delivery, has_service: bool, *, is_model_alone: bool
) -> Way:
    """Return how to activate: a model with the same labels is exchanged without a restart."""
    if not has_service:
        return "link"
    release, health = situation.release, situation.service
    is_running = health is not None and health.is_well
    if is_model_alone and is_running and release is not None and delivery.model is not None:
        return "reload" if release.model.labels == delivery.model.note.labels else "restart"
    return "restart"


def _ending(way: Way, name: str) -> str:
    if way == "link":
        return "switch the link to the new release"
    if way == "reload":
        return f"switch to the new release, and make {name} load the model between two frames"
    return f"switch to the new release, restart {name}, and wait for its first frames"


def _notes(situation: Situation, choices: Choices, has_config: bool) -> list[str]:
    facts, notes = situation.facts, []
    if situation.open_switch is not None:
        notes.append(
            f"the switch to release {situation.open_switch.number} was not confirmed (power cut "
            "or reboot); the next deployment confirms it or rolls back"
        )
    if not has_config:
        notes.append("without a configuration no service is started; pass --config FILE")
    elif choices.has_service and not facts.manager:
        notes.append(
            f"{facts.no_manager}, so no service is started; run it yourself: "
            f"{facts.base}/current/env/bin/fer-edge run --config FILE"
        )
    return notes


def _is_offline(choices: Choices) -> bool:
    return choices.is_offline or choices.wheels is not None
