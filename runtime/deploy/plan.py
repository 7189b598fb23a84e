"""What a deployment will do to a device: decided from facts, before anything is changed."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from fer_edge.errors import DeployError
from fer_edge.model.bundled import DEFAULT_MODEL

from .delivery import Delivery
from .own_wheel import EXTRAS
from .situation import Facts, Limits, Python, Situation

MACHINES = ("x86_64", "aarch64")
"""Those that LiteRT has wheels for."""
OLDEST_PYTHON, NEWEST_TESTED = (3, 10), (3, 13)
ONLINE_MB = 700
"""Free room that an installation by pip takes for a while: archives and what is unpacked."""

Way = Literal["restart", "reload", "link"]


@dataclass(frozen=True, slots=True)
class Choices:
    """How to deploy; see the command's help.

    Attributes:
        name: Of the service.
        is_offline: The device has no internet.
        wheels: A folder with its wheels.
        has_service: Install and restart the service.
        system_site: The environment sees the system's packages.
        python: Path or name of the device's Python; empty to choose.
        keep: How many releases stay.
        limits: Of the service.
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
        identity: Of the software's environment; empty where software stays.
        python: Makes the environment; None where it stays.
        system_site: The environment sees the system's packages.
        has_new_model: The model is brought.
        has_new_config: The configuration is brought.
        way: How the release comes to run.
        has_service: Whether a service will run it.
        limits: Of the service.
        lines: All of it for people; none: there is nothing to do.
        notes: What else people should know.
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
        """Whether the device has it all."""
        return not self.lines


def make_plan(situation: Situation, delivery: Delivery, choices: Choices) -> Plan:
    """Compare what a device has with what it shall have.

    Raises:
        DeployError: The device cannot run it.
    """
    release, facts = situation.release, situation.facts
    choices = _as_before(choices, situation)
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
        lines.append(f"bring the model {name}, and compare its readings of drawn faces with ours")
    if new_config:
        lines.append("bring the configuration, with its secrets in a file of their own")
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
    """Refuse to bring a second service of the name.

    Raises:
        DeployError: There is one, of somebody else, of the system, or of the user.
    """
    if situation.others_unit:
        raise DeployError(
            f"{situation.others_unit} was not brought by a deployment; remove it, or pass --name "
            "for another service"
        )
    if situation.other_place:
        has, without = ("without", "with") if situation.facts.is_system else ("with", "without")
        raise DeployError(
            f"a service of that name was deployed {has} --system to {situation.other_place}; "
            f"deploy {has} --system again, or --remove it so, before it is deployed {without}"
        )


def _as_before(choices: Choices, situation: Situation) -> Choices:
    """Return the choices; what is not said again is as in the release that runs."""
    release, paths = situation.release, [item.path for item in situation.facts.pythons]
    if release is None:
        return choices
    python = choices.python or (release.python if release.python in paths else "")
    return replace(choices, python=python, system_site=choices.system_site or release.system_site)


def _check_machine(facts: Facts, choices: Choices) -> None:
    """Refuse a device that no wheels exist for, unless its own are sent.

    Raises:
        DeployError: It has another processor, or another C library.
    """
    if choices.wheels is not None:
        return
    if facts.machine not in MACHINES:
        raise DeployError(
            f"its system is {facts.machine}; expected {' or '.join(MACHINES)}, for which LiteRT "
            "has wheels; install a 64-bit system there, or send wheels of yours with --wheels DIR"
        )
    if not facts.glibc:
        raise DeployError(
            f"{facts.system} has no glibc; expected a system with it, since LiteRT has wheels for "
            "glibc only; send wheels of yours with --wheels DIR"
        )


def choose_python(facts: Facts, wish: str) -> Python:
    """Return the Python that makes the environment.

    Raises:
        DeployError: None of the device's fits.
    """
    there = ", ".join(map(_described, facts.pythons)) or "none"
    if wish:
        named = [item for item in facts.pythons if wish in (item.path, Path(item.path).name)]
        if not named:
            raise DeployError(f"--python {wish} is not on the device; there are: {there}")
        return named[0]
    fitting = [item for item in facts.pythons if item.is_64_bit and item.minor >= OLDEST_PYTHON]
    if not fitting:
        raise DeployError(
            f"no Python of the device fits; expected 64 bits and 3.10 or newer, there are: {there}"
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
    """A model with the labels of the one at work is exchanged without a restart."""
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
        return f"switch to the new release, and have {name} load the model between two frames"
    return f"switch to the new release, restart {name}, and wait for its first frames"


def _notes(situation: Situation, choices: Choices, has_config: bool) -> list[str]:
    facts, notes = situation.facts, []
    if situation.open_switch is not None:
        notes.append(
            f"the switch to release {situation.open_switch.number} was not proven (a cut, or a "
            "reboot); the next deployment proves it or goes back"
        )
    if not has_config:
        notes.append("without a configuration it runs no service; pass --config FILE")
    elif choices.has_service and not facts.manager:
        notes.append(
            f"{facts.no_manager}, so no service is started; run it yourself: "
            f"{facts.base}/current/env/bin/fer-edge run --config FILE"
        )
    return notes


def _is_offline(choices: Choices) -> bool:
    return choices.is_offline or choices.wheels is not None
