"""Explanations of ssh's messages, with the next step."""

_NO_PASSWORD = (
    "sudo asks for a password there, which is not supported; allow the user to run sudo "
    "without one (NOPASSWD in sudoers), log in as root, or omit --system"
)
_CAUSES = (
    ("sudo: a password is required", _NO_PASSWORD),
    ("sudo: a terminal is required", _NO_PASSWORD),
    ("you must have a tty to run sudo", _NO_PASSWORD),
    ("is not allowed to execute", "sudo does not allow the user all commands: {line}"),
    ("may not run sudo", "sudo rejects the user: {line}"),
    (
        "sudo: not found",
        "sudo is not installed there; install it, log in as root, or omit --system",
    ),
    (
        "Host key verification failed",
        "its host key is unknown here, or has changed; compare it on the device, then "
        "connect once by hand: ssh {host}",
    ),
    ("Could not resolve hostname", "the host name is unknown; check it"),
    (
        "Permission denied",
        "it rejects your keys, and passwords are not supported; run: ssh-copy-id {host}",
    ),
    ("Connection refused", "no ssh server is listening there; start it, or check the port"),
    ("timed out", "it does not answer; is it switched on, and in this network?"),
    ("No route to host", "it does not answer; is it switched on, and in this network?"),
    ("Network is unreachable", "it cannot be reached over the network; check your network"),
    ("Bad configuration option", "ssh does not understand its configuration: {line}"),
    ("Can't open user config file", "ssh cannot read its configuration: {line}"),
    (
        "fer-edge-agent: python3 is",
        "{line}; expected Python 3.10 or newer",
    ),
)
_NO_PROGRAM = 127


def explain(host: str, code: int, said: str, otherwise: str) -> str:
    """Explain in one sentence why ssh ended.

    Args:
        host: Name as given.
        code: ssh's exit code; 255 is ssh's own failure, others come from the device.
        said: Its standard error.
        otherwise: Text for an unknown message.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for words, advice in _CAUSES:
        for line in lines:
            if words in line:
                line = line.replace("fer-edge-agent: ", "")
                return f"{host}: {advice.format(host=host, line=line)}"
    if code == _NO_PROGRAM:
        return f"{host} has no Python; install python3 (3.10 or newer) there"
    return f"{host}: {otherwise}{f' ({lines[-1]})' if lines else ''}"
