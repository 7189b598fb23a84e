"""What ssh's own words mean, and what to do next."""

_NO_PASSWORD = (
    "sudo asks for a password there, and none is handled; let the user run sudo without one "
    "(NOPASSWD in sudoers), log in as root, or leave out --system"
)
_CAUSES = (
    ("sudo: a password is required", _NO_PASSWORD),
    ("sudo: a terminal is required", _NO_PASSWORD),
    ("you must have a tty to run sudo", _NO_PASSWORD),
    ("is not allowed to execute", "sudo does not let the user run all commands: {line}"),
    ("may not run sudo", "sudo does not let the user in: {line}"),
    ("sudo: not found", "it has no sudo; install it, log in as root, or leave out --system"),
    (
        "Host key verification failed",
        "its host key is not known here, or is another one than before; "
        "compare it on the device, then connect once by hand: ssh {host}",
    ),
    ("Could not resolve hostname", "no host has that name; check the name"),
    (
        "Permission denied",
        "it accepts none of your keys, and passwords are not handled; run: ssh-copy-id {host}",
    ),
    ("Connection refused", "no ssh server answers; start it there, or check the port"),
    ("timed out", "it does not answer; is it switched on, and in this network?"),
    ("No route to host", "it does not answer; is it switched on, and in this network?"),
    ("Network is unreachable", "the network does not reach it; check yours"),
    ("Bad configuration option", "ssh does not understand its configuration: {line}"),
    ("Can't open user config file", "ssh cannot read its configuration: {line}"),
    (
        "fer-edge-agent: python3 is",
        "{line}; expected Python 3.10 or newer, which fer-edge needs",
    ),
)
_NO_PROGRAM = 127


def explain(host: str, code: int, said: str, otherwise: str) -> str:
    """Say in one sentence why ssh ended.

    Args:
        host: The host as it was named.
        code: ssh's exit code; 255 is its own failure, others are the device's.
        said: What it wrote on standard error.
        otherwise: What is said when its words are not known here.
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
