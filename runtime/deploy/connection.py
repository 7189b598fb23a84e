"""A connection to a device: the system's ssh, with the agent at the other end.

ssh uses the user's configuration, keys, agent and known hosts. It never asks interactively:
passwords are not supported, and an unknown host key ends the connection.
"""

import json
import re
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from fer_edge.child import clean_environment
from fer_edge.errors import ConfigError, DeployError
from fer_edge.limits import memory_bytes
from fer_edge.shown import printable

from .answers import T, as_kind, parse_answer
from .source import MARK, agent_program, remote_command
from .ssh_failure import explain

PING_S = 10.0
"""Interval of pings; the agent considers a workstation dead after 45 s of silence."""

_OPTIONS = (
    *("-o", "BatchMode=yes"),
    *("-o", "StrictHostKeyChecking=yes"),
    *("-o", "ConnectTimeout=15"),
    *("-o", "ServerAliveInterval=10"),
    *("-o", "ServerAliveCountMax=3"),
    *("-o", "ForwardAgent=no"),
    *("-o", "ForwardX11=no"),
    *("-o", "RequestTTY=no"),
)
_MOST_GREETING_LINES = 1000
_LONGEST_COMPLAINT = 4096
_CLOSE_S = 5.0


class ConnectionLostError(DeployError):
    """Raised when an established connection has ended."""


def check_address(host: str) -> None:
    """Reject what ssh would not take as the name of a host.

    Raises:
        ConfigError: It is empty, or looks like an option.
    """
    if not host or host.startswith(("-", "@")) or host.endswith("@"):
        raise ConfigError(f"host {host!r} is not valid; expected a name, or user@name")


def check_name(name: str) -> None:
    """Reject what is not the name of a unit.

    Raises:
        ConfigError: It has other characters, or too many.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name):
        raise ConfigError(
            f"--name {name!r} is not a valid unit name; expected letters, digits, _ . and -"
        )


def check_ssh_config(path: Path | None) -> None:
    """Reject an SSH configuration file that does not exist.

    Raises:
        ConfigError: It does not exist; "none" stands for no file (ssh(1), -F).
    """
    if path is not None and str(path) != "none" and not path.exists():
        raise ConfigError(f"--ssh-config {path} does not exist; expected a file as for ssh -F")


class Connection:
    """An ssh session. A context manager; unfinished files on the device are removed at its end."""

    def __init__(
        self, host: str, *, name: str, is_system: bool = False, ssh_config: Path | None = None
    ) -> None:
        """Connect, and start the agent.

        Args:
            host: Name for ssh: an alias, a name, user@name.
            name: Name of the service.
            is_system: Whether it is a system service, not the user's; the agent then runs as root.
            ssh_config: SSH configuration file instead of the user's.

        Raises:
            ConfigError: The name is invalid, or the configuration file does not exist.
            DeployError: ssh is missing, cannot connect, or the device has no Python.
        """
        check_address(host)
        check_name(name)
        check_ssh_config(ssh_config)
        self.host = host
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._complaint: list[bytes] = []
        own = [] if ssh_config is None else ["-F", str(ssh_config)]
        command = ["ssh", *own, *_OPTIONS, "--", host]
        command.append(remote_command(is_system=is_system))
        try:
            # Ctrl-C is handled here: the agent must be informed properly
            self._process = subprocess.Popen(
                command,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise DeployError(
                "ssh is not installed here; install the OpenSSH client (apt install openssh-client)"
            ) from error
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        try:
            self._start(agent_program(name, is_system=is_system))
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._ping, daemon=True).start()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process ID of ssh."""
        return self._process.pid

    def ask(self, do: str, body: bytes | Path | None = None, **arguments: object) -> Any:
        """Request a step from the agent; return its result.

        Args:
            do: Name of the step, a method of the agent's `Work`.
            body: Bytes, or a file, to send.
            arguments: Arguments of the step.

        Raises:
            ConnectionLostError: The connection has ended.
            DeployError: The step failed; the text has the reason.
        """
        head = json.dumps({"do": do, **arguments}).encode() + b"\n"
        try:
            with self._lock:
                self._send(head, body)
            line = self._answer()
        except (OSError, ValueError):  # ValueError: `close` has closed the pipe
            line = b""
        if not line:
            raise ConnectionLostError(self._explain(f"the connection was cut during '{do}'"))
        return self._result(line)

    def ask_for(
        self, kind: type[T], do: str, body: bytes | Path | None = None, **arguments: object
    ) -> T:
        """Request a step from the agent; return its result as a dataclass.

        Args:
            kind: Dataclass of the answer.
            do: Name of the step.
            body: Bytes, or a file, to send.
            arguments: Arguments of the step.

        Raises:
            DeployError: As `ask`; or the answer is not of that kind.
        """
        return as_kind(kind, self.ask(do, body, **arguments), self.host, f"to '{do}'")

    def close(self) -> None:
        """End the session; a running step is ended, except a critical one.

        May be called while another thread asks. An ssh that does not end is killed after 5 s.
        """
        self._is_over.set()
        _close_soon(self._process.stdin)
        try:
            self._process.wait(timeout=_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=_CLOSE_S)
        _close_soon(self._process.stdout).join(timeout=_CLOSE_S)
        _close_soon(self._process.stderr).join(timeout=_CLOSE_S)

    def _start(self, agent: bytes) -> None:
        try:
            self._send(agent)
        except OSError:
            raise DeployError(self._explain("ssh ended")) from None
        for _ in range(_MOST_GREETING_LINES):
            line = self._answer()
            if not line:
                raise DeployError(self._explain("ssh ended"))
            if line.strip() == MARK.encode():
                self._answer()
                return
        raise DeployError(f"{self.host} does not stop printing at login; expected a quiet shell")

    def _send(self, head: bytes, body: bytes | Path | None = None) -> None:
        stream = self._process.stdin
        assert stream is not None
        stream.write(head)
        if isinstance(body, bytes):
            stream.write(body)
        elif body is not None:
            with body.open("rb") as file:
                while chunk := file.read(1 << 18):
                    stream.write(chunk)
        stream.flush()

    def _answer(self) -> bytes:
        stream = self._process.stdout
        return b"" if stream is None or stream.closed else stream.readline(memory_bytes() + 1)

    def _result(self, line: bytes) -> Any:
        answer = parse_answer(line, self.host, "to a step", has_lines=True)
        if not isinstance(answer, dict) or not answer.keys() & {"error", "result"}:
            shown = printable(line.decode(errors="replace"))
            raise DeployError(
                f"{self.host}: it sent an answer that is not the agent's: {shown}; check that it "
                "is your device"
            )
        if "error" in answer:
            raise DeployError(f"{self.host}: {answer['error']}")
        return answer["result"]

    def _listen(self) -> None:
        stream = self._process.stderr
        while stream is not None and (line := stream.readline(_LONGEST_COMPLAINT)):
            self._complaint.append(line)
            del self._complaint[:-50]

    def _ping(self) -> None:
        while not self._is_over.wait(PING_S):
            try:
                with self._lock:
                    self._send(b'{"do": "ping"}\n')
            except (OSError, ValueError):
                return

    def _explain(self, otherwise: str) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = 0
        self._reader.join(timeout=2)
        said = b"".join(self._complaint).decode("utf-8", "replace")
        return explain(self.host, code, said, otherwise)


def _close_soon(stream: IO[bytes] | None) -> threading.Thread:
    """Close a pipe in another thread: a thread that reads or writes it holds its lock."""

    def close() -> None:
        with suppress(OSError):
            if stream is not None:
                stream.close()

    thread = threading.Thread(target=close, daemon=True)
    thread.start()
    return thread
