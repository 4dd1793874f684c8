"""A worker that dies or hangs is ended for certain, names what it died of, and is started again."""

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vantage.clock import SystemClock
from vantage_ingest.domain.placement import Slot
from vantage_ingest.fleet import Orders
from vantage_ingest.orders import Duty, Stop
from vantage_ingest.worker_process import Death, Launch, WorkerProcess

from .test_holdings import camera

DEADLINE_S = 30.0
PROGRAM = """
import os, socket, sys, time
from pathlib import Path
from vantage_ingest.adapters.crash_notes import CrashNotes
from vantage_ingest.channel import Channel
from vantage_ingest.errors import ChannelClosed
from vantage_ingest.orders import Beat, Done, Duties, Order, Recovered, Stop

state = Path(sys.argv[1])
arguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))
folder = state / "workers" / arguments["--slot"]
folder.mkdir(parents=True, exist_ok=True)
notes = CrashNotes(folder)
channel = Channel(socket.socket(fileno=int(arguments["--channel"])), Order)
channel.send(Recovered())

def feed(duty):
    notes.serving[0] = duty.number
    if duty.camera.name == "deadly":
        import ctypes
        ctypes.string_at(0)
    if duty.camera.name == "endless":
        while True:
            pass
    notes.serving[0] = 0

while True:
    try:
        orders = channel.receive()
    except ChannelClosed:
        break
    for order in orders:
        if isinstance(order, Stop):
            sys.exit(0)
        channel.send(Done(serial=order.serial))
        for duty in order.duties:
            feed(duty)
    channel.send(Beat(lag=0.0, spooled=0))
    time.sleep(0.02)
"""
"""A worker that reads nothing; some cameras kill it, or hold it up for ever."""


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    program = tmp_path / "worker.py"
    program.write_text(textwrap.dedent(PROGRAM))
    return Launch(SystemClock(), tmp_path, 2.0, command=(sys.executable, str(program), str(tmp_path)))


@pytest.fixture
def worker(launch: Launch) -> Iterator[WorkerProcess]:
    made = WorkerProcess(Slot("reader-0", "reader", 10), launch)
    yield made
    made.kill()


def turns(worker: WorkerProcess, until: Callable[[], object]) -> list[Death]:
    """Let it run until the condition holds; gives the deaths meanwhile."""
    deaths: list[Death] = []
    deadline = time.monotonic() + DEADLINE_S
    while not until():
        assert time.monotonic() < deadline
        _, death = worker.turn()
        deaths += [death] if death else []
        time.sleep(0.01)
    return deaths


def duty(name: str, number: int) -> Duty:
    return Duty(camera=camera(name), partition=0, epoch=1, number=number, reader="native")


def until_dead(worker: WorkerProcess) -> Death:
    deadline = time.monotonic() + DEADLINE_S
    while (death := worker.turn()[1]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return death


def test_a_worker_is_told_its_duties_once_and_says_when_it_follows_them(worker: WorkerProcess) -> None:
    assert worker.give(Orders([duty("a", 1)]), 100) is None
    turns(worker, lambda: worker.state == "up")
    assert worker.done == 0
    serial = worker.give(Orders([duty("a", 1)]), 100)
    assert worker.give(Orders([duty("a", 1)]), 100) == serial == 1
    turns(worker, lambda: worker.done == serial)
    assert worker.give(Orders([]), 100) == 2
    turns(worker, lambda: worker.empty)


def test_a_crash_names_the_camera_and_the_worker_is_started_again(worker: WorkerProcess) -> None:
    turns(worker, lambda: worker.state == "up")
    worker.give(Orders([duty("harmless", 1), duty("deadly", 2)]), 100)
    death = until_dead(worker)
    assert death.culprit == 2
    assert "SIGSEGV" in death.how
    assert worker.done == -1
    turns(worker, lambda: worker.state == "up")
    worker.give(Orders([duty("harmless", 1)]), 100)
    assert turns(worker, lambda: worker.done == 2) == []


def test_a_hang_is_ended_and_names_the_camera(worker: WorkerProcess) -> None:
    turns(worker, lambda: worker.state == "up")
    worker.give(Orders([duty("endless", 5)]), 100)
    death = until_dead(worker)
    assert death.culprit == 5
    assert "hung" in death.how


def test_a_worker_that_does_not_even_die_is_killed(worker: WorkerProcess) -> None:
    turns(worker, lambda: worker.state == "up")
    os.kill(worker.pid, signal.SIGSTOP)
    death = until_dead(worker)
    assert "SIGKILL" in death.how
    assert death.culprit == 0


def test_a_worker_that_is_asked_to_finish_ends_and_stays_away(worker: WorkerProcess) -> None:
    turns(worker, lambda: worker.state == "up")
    worker.stop(Stop())
    assert turns(worker, lambda: worker.finished) == []
    assert worker.ended
    worker.turn()
    assert worker.ended


def test_a_worker_that_cannot_start_is_tried_less_and_less_often(tmp_path: Path) -> None:
    launch = Launch(SystemClock(), tmp_path, 5.0, command=(sys.executable, "-c", "raise SystemExit(3)"))
    broken = WorkerProcess(Slot("reader-0", "reader", 10), launch)
    first, second = until_dead(broken), until_dead(broken)
    assert first.how == second.how == "exit code 3"
    assert broken._backoff.tries == 2
