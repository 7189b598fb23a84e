"""Process 1 of a container.

The kernel drops every signal that process 1 does not handle, also where its default action would
end any other process: SIGTERM and Ctrl-C would be lost while a command starts, waits in a native
library, or was asked a second time. So process 1 only passes its signals on, as
`podman run --init` would, and the command runs in a child process.
"""

import os
import signal

_FROM_KERNEL = 0x80
"""`si_code` of a signal that a terminal sent (SI_KERNEL in the Linux header siginfo.h)."""


def leave_first_process() -> None:
    """Continue in a child process if this is process 1, which then ends with the child's code.

    Meant for the start of a program, before it has threads.
    """
    if os.getpid() != 1:
        return
    passed_on = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}
    awaited = {*passed_on, signal.SIGCHLD}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if ignored, `waitpid` would find no child
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while (code := _exit_code(child)) is None:
        info = signal.sigwaitinfo(awaited)
        # Ctrl-C of a terminal reaches the child as well, but a hang-up reaches process 1 only
        is_for_child = info.si_code != _FROM_KERNEL or info.si_signo == signal.SIGHUP
        if info.si_signo in passed_on and is_for_child:
            os.kill(child, info.si_signo)
    os._exit(code)


def _exit_code(child: int) -> int | None:
    """Reap every process that has ended; returns the child's exit code, None if it still runs.

    Orphans of the container become children of process 1.
    """
    while True:
        number, status = os.waitpid(-1, os.WNOHANG)
        if number == 0:
            return None
        if number == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code  # as shells report a signal
