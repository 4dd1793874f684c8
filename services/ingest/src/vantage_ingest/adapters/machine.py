"""What this process is given of the machine: cores, and descriptors."""

import os
import resource
from contextlib import suppress
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> list[int]:
    """The cores that this process may use; no more of them than its container's quota pays for."""
    allowed = sorted(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text().split()
        if quota != "max":
            return allowed[: max(1, int(quota) // int(period))]
    return allowed


def pin(core: int) -> None:
    """Run on one core from now on, threads that come included: threads that change cores hand Python's lock around."""
    os.sched_setaffinity(0, {core})


def allow_descriptors() -> int:
    """Raise the limit of open files as far as it goes; gives it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
