"""Runs one program, and sees to it that the program never outlives the one that asked for it (Linux).

    python -I -S guard.py LIFELINE USER GROUP PROGRAM [ARGUMENT ...]

LIFELINE is a descriptor of a socket pair. The program's pid is written to it once; when its other end closes, however
the parent died, the program and its children get SIGTERM and then SIGKILL. (PR_SET_PDEATHSIG alone will not do: it
fires when the *thread* that started a child ends, and is lost when a program changes its user.) USER and GROUP are
numbers, or -1 to keep the caller's. Signals are passed on to the program, and its end, exit code or signal, is the
guard's own.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_GRACE_S = 3.0
_CANNOT_RUN = 127


def main(lifeline: int, user: int, group: int, argv: list[str]) -> None:
    """Run it and end as it ends."""
    os.set_inheritable(lifeline, False)
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _become(lifeline, guard, user, group, argv)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: _send(child, received))
    threading.Thread(target=_end_with_parent, args=(lifeline, child), daemon=True).start()
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # not reaped yet, so that its group is still its own
    _send_group(child, signal.SIGKILL)
    _end_like(os.waitpid(child, 0)[1])


def _become(lifeline: int, guard: int, user: int, group: int, argv: list[str]) -> None:
    """In the child: a group of its own, the wanted user, a word to the parent, and then the program."""
    os.setpgid(0, 0)
    try:
        if user >= 0:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # should the guard itself be killed
        if os.getppid() == guard:
            os.write(lifeline, b"%d\n" % os.getpid())
            os.execv(argv[0], argv)  # noqa: S606
    except OSError as error:
        os.write(2, f"cannot run {argv[0]}: {error.strerror}\n".encode())
    os._exit(_CANNOT_RUN)


def _end_with_parent(lifeline: int, child: int) -> None:
    with contextlib.suppress(OSError):
        os.read(lifeline, 1)
    _send_group(child, signal.SIGTERM)
    time.sleep(_GRACE_S)
    _send_group(child, signal.SIGKILL)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _send_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
