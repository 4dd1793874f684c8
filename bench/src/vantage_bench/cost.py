"""What processes cost: processor time, memory, descriptors and system calls, read from the kernel's own counters."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_EVENT = "raw_syscalls:sys_enter"


@dataclass(frozen=True)
class Reading:
    """The sum over some processes and those that they started: seconds of processor, bytes resident, descriptors."""

    at: float
    cpu_s: float
    rss: int
    descriptors: int

    def share_since(self, before: "Reading") -> float:
        """Processor time a second since an earlier reading: 1.0 is one core."""
        return (self.cpu_s - before.cpu_s) / (self.at - before.at)


def reading(pids: Iterable[int]) -> Reading:
    """Read now. A process that ended meanwhile counts for nothing."""
    cpu_s, rss, descriptors = 0.0, 0, 0
    for process in _family(pids):
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            rss += process.memory_info().rss
            descriptors += process.num_fds()
        except psutil.NoSuchProcess:
            continue
    return Reading(time.monotonic(), cpu_s, rss, descriptors)


def system_calls(pids: Iterable[int], seconds: float) -> int | None:
    """System calls of the processes within so many seconds, by `perf`; None where the machine does not allow it."""
    perf = shutil.which("perf")
    if perf is None:
        return None
    family = ",".join(str(process.pid) for process in _family(pids))
    argv = [perf, "stat", "-x", ";", "-e", _EVENT, "-p", family, "--", "sleep", str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    counted = re.search(rf"^(\d+);.*{_EVENT}", done.stderr, re.MULTILINE)
    return int(counted[1]) if counted else None


@contextmanager
def on_core(*cores: int) -> Iterator[None]:
    """What is started in here runs on these cores alone, and so does this process meanwhile."""
    this = psutil.Process()
    before = this.cpu_affinity()
    this.cpu_affinity(list(cores))
    try:
        yield
    finally:
        this.cpu_affinity(before)


def move(pids: Iterable[int], *cores: int) -> None:
    """Let running processes and their threads run on these cores alone."""
    for process in _family(pids):
        for thread in process.threads():
            psutil.Process(thread.id).cpu_affinity(list(cores))


def _family(pids: Iterable[int]) -> list[psutil.Process]:
    family: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            parent = psutil.Process(pid)
            family |= {one.pid: one for one in [parent, *parent.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    return list(family.values())
