"""Why a camera cannot be opened, in one line each."""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

from fer_edge.errors import SourceError

from .video_nodes import cameras, captures, holders, is_busy

_HIDDEN_GROUP = 65534
"""What the group of a device looks like in a sandbox that hides other groups."""


def check_camera(name: str, path: Path) -> None:
    """Refuse what is not a camera, or may not be opened.

    Args:
        name: For the message, as `camera 0`.
        path: The device.

    Raises:
        SourceError: One of these.
    """
    shown = name if str(path) in name else f"{name} ({path})"
    try:
        is_one = captures(path)
    except OSError as error:
        raise SourceError(_why_not_open(shown, path, error)) from error
    if not is_one:
        raise SourceError(
            f"{shown} gives no pictures: it is a camera's metadata, a decoder, an output, or a "
            f"virtual camera without a sender; {_present()}"
        )


def failure(name: str, path: Path) -> SourceError:
    """Say why a camera that may be opened gives no pictures."""
    shown = name if str(path) in name else f"{name} ({path})"
    try:
        is_in_use = is_busy(path)
    except OSError as error:
        return SourceError(_why_not_open(shown, path, error))
    if is_in_use:
        return SourceError(_in_use(shown, path))
    return SourceError(
        f"{shown} is there and gives no pictures; check its cable and power, pass another --size, "
        f"and compare with: v4l2-ctl --device {path} --list-formats-ext"
    )


def _why_not_open(shown: str, path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{shown} does not exist; {_present()}"
    if error.errno == errno.EACCES:
        return f"{shown} cannot be opened: permission denied; {_permission(path)}"
    if error.errno == errno.EPERM:
        return (
            f"{shown} cannot be opened: this service or container may not; install the service "
            f"again, or pass --device {path} to the container"
        )
    if error.errno == errno.EBUSY:
        return _in_use(shown, path)
    if error.errno in (errno.ENOTTY, errno.EINVAL):
        return f"{shown} is not a video device; {_present()}"
    return f"{shown} cannot be opened: {error.strerror}; check its cable and its power"


def _in_use(shown: str, path: Path) -> str:
    names = holders(path.resolve())
    if names:
        return f"{shown} is in use by {', '.join(names)}; end that, or read its output"
    return f"{shown} is in use by another program; find it with: sudo fuser -v {path}"


def _permission(path: Path) -> str:
    """Say who may open a device, and how this user comes to it."""
    status = path.stat()
    user = _name_of_user()
    if status.st_gid == _HIDDEN_GROUP:
        return "this service is not in its group; install the service again"
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if not status.st_mode & stat.S_IWGRP or group == "root":
        return f"only its owner may ({stat.filemode(status.st_mode)}); ask who set this machine up"
    if status.st_gid in (os.getegid(), *os.getgroups()):
        return f"{user} is in its group {group}; check the folders above it"
    return (
        f"it is for the group {group}, which {user} is not in; run: sudo usermod -aG {group} "
        f"{user}, then log in again"
    )


def _name_of_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _present() -> str:
    found = ", ".join(map(str, cameras()))
    pi = "--camera picamera2 for one on a Pi's CSI port"
    if found:
        return f"cameras on this device: {found}; pass one of these, or {pi}"
    return f"no camera was found on this device; plug one in, or pass {pi}"
