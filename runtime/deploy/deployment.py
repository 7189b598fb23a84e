"""A deployment to one host, from inspection to health check."""

import base64
import getpass
import hashlib
import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.errors import DeployError, FerEdgeError
from fer_edge.model.bundled import DEFAULT_MODEL
from fer_edge.schema import encode

from .answers import (
    Begun,
    Content,
    DoctorReport,
    Found,
    Lines,
    MadeRelease,
    Prepared,
    Switched,
    unreadable,
)
from .connection import Connection, ConnectionLostError
from .delivery import Delivery, Model, read_named_model
from .drawn_faces import drawn_faces
from .outcome import Outcome, reason
from .own_wheel import EXTRAS
from .plan import ONLINE_MB, Choices, Plan, make_plan
from .self_test import Reading, difference, largest_gap, read_here, readings
from .situation import Situation, read_situation
from .wheelhouse import collect_wheels, unpacked_mb, wheels_of

Say = Callable[[str], object]
"""Called with a line of progress."""

Connect = Callable[[str], Connection]
"""Opens a connection to a host."""


def deploy_to(
    host: str,
    delivery: Delivery,
    choices: Choices,
    *,
    connect: Connect,
    is_dry_run: bool = False,
    say: Say = lambda text: None,
) -> Outcome:
    """Deploy to a host; problems of a device never raise an exception.

    Args:
        host: Name for ssh.
        delivery: Files to deploy.
        choices: Options.
        connect: Function that opens the connection.
        is_dry_run: Whether to only inspect the device and report the planned steps.
        say: Called with lines of progress.
    """
    started = time.monotonic()
    current: int | None = None
    try:
        with connect(host) as connection:
            say("connected")
            situation = read_situation(host, connection.ask("look"))
            if situation.open_switch is not None and not is_dry_run:
                situation = _settle(connection, say)
            current = situation.current
            deployment = Deployment(connection, situation, delivery, choices, say)
            outcome = deployment.carry_out(is_dry_run=is_dry_run)
    except ConnectionLostError as error:
        stays = f"release {current} runs as before" if current else "nothing is deployed there yet"
        text = f"{reason(error, host)}; {stays}, or the complete new one; run the command again"
        outcome = Outcome(host, "failed", current, 0.0, text)
    except (FerEdgeError, OSError) as error:  # OSError: a file of this machine is unreadable
        outcome = Outcome(host, "failed", current, 0.0, reason(error, host))
    return replace(outcome, seconds=time.monotonic() - started)


def who() -> str:
    """Return the user and host of this deployment."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _settle(connection: Connection, say: Say) -> Situation:
    """Confirm or roll back a switch that a deployment or the device did not survive."""
    settled = connection.ask_for(Begun, "begin", holder=who()).settled
    if settled is not None:
        what = f"{settled.wrong}; {settled.fallback}" if settled.wrong else "it is healthy"
        say(f"an earlier switch was not confirmed: {what}")
    return read_situation(connection.host, connection.ask("look"))


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment to one host.

    Attributes:
        connection: Connection to the host.
        situation: State of the host.
        delivery: Files to deploy.
        choices: Options.
        say: Called with lines of progress.
    """

    connection: Connection
    situation: Situation
    delivery: Delivery
    choices: Choices
    say: Say

    def carry_out(self, *, is_dry_run: bool) -> Outcome:
        """Plan the deployment, and execute the plan.

        Raises:
            DeployError: A step failed; the device still runs the previous release.
        """
        plan = make_plan(self.situation, self.delivery, self.choices)
        self.say(self.situation.facts.describe())
        for note in plan.notes:
            self.say(f"note: {note}")
        if is_dry_run:
            for line in plan.lines:
                self.say(f"would {line}")
            text = f"{len(plan.lines)} steps" if plan.lines else "nothing to do"
            return self._outcome("planned", self.situation.current, text)
        if plan.is_empty:
            return self._unchanged()
        with ThreadPoolExecutor(1) as pool:
            model = self._model(plan)
            expected = None if model is None else pool.submit(read_here, model.data, drawn_faces())
            return self._change(plan, model, expected)

    def _change(
        self, plan: Plan, model: Model | None, expected: "Future[tuple[Reading, ...]] | None"
    ) -> Outcome:
        device = self.connection
        device.ask("begin", holder=who())
        if plan.identity:
            found = device.ask_for(Found, "find_environment", identity=plan.identity)
            if not found.is_there:
                self._install(plan)
        taken = [] if plan.has_new_model else ["model.tflite"]
        taken += [] if plan.has_new_config else ["config.toml", "secrets.json"]
        number = device.ask_for(MadeRelease, "make_release", takes=taken).number
        gap = None
        if model is not None and plan.has_new_model:
            self._put("model.tflite", model.data)
        if plan.has_new_config and self.delivery.config is not None:
            self._put("config.toml", self.delivery.config.data)
            self._put("secrets.json", json.dumps(self.delivery.config.secrets).encode())
        if expected is not None:
            gap = self._self_test(expected)
        if plan.has_service:
            done = device.ask_for(Prepared, "prepare_service", options=plan.limits.options())
            before = self.situation.release
            if not done.lingers and (before is None or not before.has_service):
                user = self.situation.facts.user
                self.say(
                    f"note: the service starts when {user} logs in, not at boot; to start it at "
                    f"boot, run there: sudo loginctl enable-linger {user}"
                )
        return self._switch(plan, model, number, gap)

    def _install(self, plan: Plan) -> None:
        """Create the environment: fer-edge, its requirements, and a check with fer-edge doctor."""
        ask, wheel, python = self.connection.ask, self.delivery.wheel, plan.python
        assert python is not None
        is_offline = self.choices.is_offline or self.choices.wheels is not None
        facts, sent = self.situation.facts, []
        if self.choices.wheels is not None:
            sent = [path for path in wheels_of(self.choices.wheels) if path.name != wheel.name]
        elif is_offline:
            self.say("downloading wheels")
            found = collect_wheels(wheel, facts, python, plan.identity)
            sent = [path for path in found if path.name != wheel.name]
        needed_mb = unpacked_mb(sent) if is_offline else ONLINE_MB
        if facts.free_disk_mb < needed_mb:
            raise DeployError(
                f"{facts.base} has {facts.free_disk_mb} MB free, expected {needed_mb}; free some "
                "space"
            )
        has_own_pip = any(path.name.startswith("pip-") for path in sent)
        if not has_own_pip and not python.has_pip:
            raise DeployError(
                f"{python.path} cannot create an environment with pip; install python3-venv "
                "there, or pass --offline"
            )
        self.say(f"creating an environment with Python {python.version}")
        ask(
            "make_environment",
            identity=plan.identity,
            python=python.path,
            with_pip=not has_own_pip,
            system_site=plan.system_site,
        )
        self._put(wheel.name, wheel.data, place="wheel")
        for count, path in enumerate(sent, start=1):
            self.say(f"sending wheels: {count} of {len(sent)}, {path.name}")
            self._put(path.name, path, place="wheel")
        self.say("installing")
        ask("install", wheel=wheel.name, extras=EXTRAS, is_offline=is_offline)
        self.say("running fer-edge doctor there")
        report = self.connection.ask_for(DoctorReport, "doctor")
        problems = [item.text for item in report.findings if item.status == "problem"]
        if problems:
            raise DeployError(f"the doctor found: {'; '.join(problems)}")
        ask("finish_environment", record={"fer_edge": wheel.version, "identity": plan.identity})

    def _self_test(self, expected: "Future[tuple[Reading, ...]]") -> float | None:
        """Compare the device's results with this machine's.

        Raises:
            DeployError: They differ.
        """
        self.say("testing")
        for name, data in drawn_faces().items():
            self._put(f"face-{name}.png", data)
        delegate = self._delegate()
        options = ["--delegate", delegate] if delegate else []
        got = readings(self.connection.ask_for(Lines, "self_test", options=options).lines)
        try:
            here = expected.result()
        except DeployError:
            if not delegate:
                raise
            self.say(
                f"note: this machine cannot run a model for {delegate}; only the device ran it"
            )
            return None
        wrong = difference(here, got)
        if wrong:
            raise DeployError(f"the self-test failed: {wrong}")
        return largest_gap(here, got)

    def _switch(self, plan: Plan, model: Model | None, number: int, gap: float | None) -> Outcome:
        before, delivery = self.situation.release, self.delivery
        config = before.config if before is not None else ""
        if delivery.config is not None:
            config = delivery.config.digest
        if plan.way != "link":
            self.say("switching and waiting for frames")
        note = model.note if model is not None else before.model if before is not None else None
        python = plan.python.path if plan.python is not None else before.python if before else ""
        record = {
            "by": who(),
            "fer_edge": delivery.wheel.version
            if plan.identity or before is None
            else before.fer_edge,
            "python": python,
            "system_site": plan.system_site,
            "model": encode(note),
            "config": config,
            "delegate": self._delegate(),
            "limits": encode(plan.limits),
            "has_service": plan.has_service,
        }
        done = self.connection.ask_for(Switched, "switch", record=record, way=plan.way)
        if done.wrong:
            text = f"release {number} was not healthy ({done.wrong}); {done.fallback}"
            return self._outcome("rolled back", done.number, text, gap)
        self.connection.ask("prune", keep=self.choices.keep)
        was = f"previous release {before.number}" if before is not None else "the first release"
        how = {
            "link": "release link switched; the service was not touched",
            "reload": "the service reloaded the model between two frames",
            "restart": "the service reads frames and feeds its watchdog",
        }[done.way]
        if done.tried:
            self.say(f"note: the service was restarted, because {done.tried}")
        return self._outcome("deployed", number, f"{how} ({was})", gap)

    def _unchanged(self) -> Outcome:
        release, health = self.situation.release, self.situation.service
        if release is not None and release.has_service and self.choices.has_service:
            if health is not None and not health.is_well:
                raise DeployError(
                    f"nothing to deploy, but the service is not healthy ({health.state}); see: "
                    f"fer-edge deploy {self.connection.host} "
                    f"--logs{' --system' * self.situation.facts.is_system}"
                )
            return self._outcome("unchanged", release.number, "up to date and running")
        return self._outcome("unchanged", self.situation.current, "up to date")

    def _model(self, plan: Plan) -> Model | None:
        """Return the model to test: a new one, or the current one with new software."""
        if self.delivery.model is not None:
            return self.delivery.model
        release = self.situation.release
        if release is None:
            return read_named_model(DEFAULT_MODEL)
        if not plan.identity:
            return None
        content = self.connection.ask_for(Content, "model").data
        try:
            return Model(base64.b64decode(content, validate=True), release.model)
        except ValueError as error:
            raise unreadable(self.connection.host, "to 'model'", str(error)) from error

    def _delegate(self) -> str:
        """Return the delegate of the model, if it does not run on the CPU."""
        if self.delivery.config is not None:
            return self.delivery.config.delegate
        return self.situation.release.delegate if self.situation.release is not None else ""

    def _put(self, name: str, data: bytes | Path, *, place: str = "release") -> None:
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        digest = hashlib.sha256(data if isinstance(data, bytes) else data.read_bytes()).hexdigest()
        self.connection.ask("put", data, place=place, name=name, digest=digest, size=size)

    def _outcome(
        self, state: str, number: int | None, text: str, gap: float | None = None
    ) -> Outcome:
        return Outcome(self.connection.host, state, number, 0.0, text, gap)  # type: ignore[arg-type]
