"""TCP connections of this process that a library holds and nobody else can hang up.

OpenCV gives no way to end a read or an opening that waits for the network. Shutting its socket down
does: FFmpeg sees the end of the stream at once. Linux only, as it reads /proc; elsewhere nothing is
found.
"""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

_REMOTE, _INODE = 2, 9  # columns of /proc/net/tcp, see proc_pid_net(5)


def find_connections(port: int) -> dict[int, int]:
    """Find this process's sockets that are connected, or connecting, to a port of any host.

    Returns:
        Socket inode -> file descriptor.
    """
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/self/net", table).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                if int(columns[_REMOTE].rpartition(":")[2], 16) == port:
                    inodes.add(int(columns[_INODE]))
    found = {}
    with suppress(OSError):
        for entry in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                status = os.fstat(int(entry.name))
                if stat.S_ISSOCK(status.st_mode) and status.st_ino in inodes:
                    found[status.st_ino] = int(entry.name)
    return found


def hang_up(descriptor: int) -> None:
    """Shut a connection down in both directions; whoever waits for it wakes."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
