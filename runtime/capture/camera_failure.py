"""Reasons why a camera cannot be opened, in one line each."""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

from fer_edge.errors import SourceError

from .video_nodes import cameras, captures, holders, is_busy

_HIDDEN_GROUP = 65534
"""Group of a device in a sandbox that hides other groups."""


def check_camera(name: str, path: Path) -> None:
    """Reject a device that is not a camera or cannot be opened.

    Args:
        name: Name in messages, such as `camera 0`.
        path: Path of the device.

    Raises:
        SourceError: The device was rejected.
    """
    shown = name if str(path) in name else f"{name} ({path})"
    try:
        is_one = captures(path)
    except OSError as error:
        raise SourceError(_why_not_open(shown, path, error)) from error
    if not is_one:
        raise SourceError(
            f"{shown} does not deliver pictures: it is a camera's metadata, a decoder, an "
            f"output, or a virtual camera without a sender; {_present()}"
        )


def failure(name: str, path: Path) -> SourceError:
    """Describe why a camera that can be opened does not deliver pictures."""
    shown = name if str(path) in name else f"{name} ({path})"
    try:
        is_in_use = is_busy(path)
    except OSError as error:
        return SourceError(_why_not_open(shown, path, error))
    if is_in_use:
        return SourceError(_in_use(shown, path))
    return SourceError(
        f"{shown} exists but does not deliver pictures; check its cable and power, pass "
        "another --size (in Python: size), and compare with: v4l2-ctl --device "
        f"{path} --list-formats-ext"
    )


def _why_not_open(shown: str, path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{shown} does not exist; {_present()}"
    if error.errno == errno.EACCES:
        return f"{shown} cannot be opened: permission denied; {_permission(path)}"
    if error.errno == errno.EPERM:
        return (
            f"{shown} cannot be opened: not permitted for this service or container; install the "
            f"service again, or pass --device {path} to the container"
        )
    if error.errno == errno.EBUSY:
        return _in_use(shown, path)
    if error.errno in (errno.ENOTTY, errno.EINVAL):
        return f"{shown} is not a video device; {_present()}"
    return f"{shown} cannot be opened: {error.strerror}; check its cable and power"


def _in_use(shown: str, path: Path) -> str:
    names = holders(path.resolve())
    if names:
        return f"{shown} is in use by {', '.join(names)}; end that program, or read its output"
    return f"{shown} is in use by another program; find it with: sudo fuser -v {path}"


def _permission(path: Path) -> str:
    """Describe who may open a device, and how this user gets access."""
    status = path.stat()
    user = _name_of_user()
    if status.st_gid == _HIDDEN_GROUP:
        return "this service is not in its group; install the service again"
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if not status.st_mode & stat.S_IWGRP or group == "root":
        return (
            f"only its owner has access ({stat.filemode(status.st_mode)}); ask the "
            "administrator of this machine"
        )
    if status.st_gid in (os.getegid(), *os.getgroups()):
        return f"{user} is in its group {group}; check the permissions of the folders above"
    return (
        f"it belongs to the group {group}, which {user} is not in; run: sudo usermod -aG "
        f"{group} {user}, then log in again"
    )


def _name_of_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _present() -> str:
    found = ", ".join(map(str, cameras()))
    pi = "--camera picamera2 (in Python: 'picamera2') for a camera on a Pi's CSI port"
    if found:
        return f"cameras on this device: {found}; pass one of these, or {pi}"
    return f"no camera was found on this device; plug one in, or pass {pi}"
