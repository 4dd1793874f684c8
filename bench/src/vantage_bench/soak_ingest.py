"""Ingest under random faults for as long as wanted: whether the seconds add up and memory and descriptors stay flat.

Cameras stall, drop, hang, vanish, lose packets and have their clocks set; in the first third a worker is killed now and
then, and after it none, because a process that begins anew would hide what it gathers. Afterwards owed, recorded and
explained seconds are summed from the events of every camera and must come to the same microsecond.
"""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from vantage_bench.cost import Reading, reading
from vantage_bench.ledger import Account, account
from vantage_bench.report import Figure, report
from vantage_bench.rig import Recorder, parts, say
from vantage_stack.cameras.cameras import VirtualCameras

MINUTES = float(os.environ.get("VANTAGE_BENCH_MINUTES") or "5")
CAMERAS = int(os.environ.get("VANTAGE_BENCH_CAMERAS") or "60")
SEED = int(os.environ.get("VANTAGE_BENCH_SEED") or "1")
_SETTLE_S = 30.0
_FAULT_EVERY_S = 2.0
_READ_EVERY_S = 5.0
_KILL_EVERY_S = 40.0
_FLAT = 1.05
"""The last third may hold so many times what the middle third held."""


@dataclass(frozen=True)
class Watched:
    """What was seen while it ran."""

    readings: Sequence[Reading]
    faults: int
    kills: int


def main() -> None:
    """Run it and print the figures."""
    with parts("soak-ingest", CAMERAS, []) as stack:
        recorder = Recorder(stack, "soak", CAMERAS)
        recorder.start()
        say(f"{CAMERAS} cameras for {MINUTES:g} minutes, seed {SEED}")
        watched = _watch(recorder, stack.cameras)
        _calm(stack.cameras)
        time.sleep(_SETTLE_S)
        recorder.stop()
        accounts = [account(each) for each in recorder.recordings().values()]
    report("soak-ingest", _figures(accounts, watched))


def _watch(recorder: Recorder, cameras: VirtualCameras) -> Watched:
    """Do faults and read the figures until the time is over."""
    chance = random.Random(SEED)  # noqa: S311
    readings: list[Reading] = []
    repairs: list[tuple[float, int, str]] = []
    faults = kills = 0
    begin = time.monotonic()
    next_fault = next_reading = next_kill = begin + _SETTLE_S
    while (now := time.monotonic()) < begin + MINUTES * 60:
        for due, number, op in [one for one in repairs if one[0] <= now]:
            cameras.control(number, op)  # type: ignore[arg-type]
            repairs.remove((due, number, op))
        if now >= next_fault:
            busy = {number for _, number, _ in repairs}
            number = chance.choice([one for one in range(1, CAMERAS + 1) if one not in busy])
            repairs += _fault(cameras, number, chance, now)
            faults, next_fault = faults + 1, now + _FAULT_EVERY_S
        if now >= next_kill and now < begin + MINUTES * 60 / 3:
            kills, next_kill = kills + _kill_worker(recorder.pid), now + _KILL_EVERY_S
        if now >= next_reading:
            readings.append(reading([recorder.pid]))
            next_reading = now + _READ_EVERY_S
        time.sleep(0.1)
    return Watched(readings, faults, kills)


_TAKEN_BACK = {"stall": "resume", "off": "on", "hang": "unhang"}
_ONCE = ("drop", "end")
_FOR_A_WHILE = {"loss": 20, "garbage": 20, "truncate": 20}
_STEPS = {"skew": (-90_000, 90_000), "jump": (-20_000, 20_000)}


def _fault(cameras: VirtualCameras, number: int, chance: random.Random, now: float) -> list[tuple[float, int, str]]:
    """Do something to a camera; gives when and how it is taken back."""
    kind = chance.choice([*_TAKEN_BACK, *_ONCE, *_FOR_A_WHILE, *_STEPS])
    until = now + chance.uniform(1, 20)
    if kind in _STEPS:
        cameras.control(number, kind, chance.randint(*_STEPS[kind]))  # type: ignore[arg-type]
        return []
    if kind in _FOR_A_WHILE:
        cameras.control(number, kind, _FOR_A_WHILE[kind])  # type: ignore[arg-type]
        return [(until, number, kind)]
    cameras.control(number, kind)  # type: ignore[arg-type]
    return [(until, number, _TAKEN_BACK[kind])] if kind in _TAKEN_BACK else []


def _calm(cameras: VirtualCameras) -> None:
    """Take every fault back, so that each camera's last gap is ended by a recording."""
    for op in (*_TAKEN_BACK.values(), *_FOR_A_WHILE, "skew"):
        cameras.control(None, op)  # type: ignore[arg-type]


def _kill_worker(supervisor: int) -> int:
    """Kill one of ingest's workers, as a crash would; gives how many."""
    workers = psutil.Process(supervisor).children()
    if not workers:
        return 0
    workers[0].kill()
    return 1


def _figures(accounts: Sequence[Account], watched: Watched) -> dict[str, Figure]:
    total = sum(accounts, Account())
    third = len(watched.readings) // 3
    middle, last = watched.readings[third : 2 * third], watched.readings[2 * third :]
    return {
        "cameras": Figure(value=len(accounts), unit="cameras", goal=CAMERAS, better="higher"),
        "faults": Figure(value=watched.faults, unit="faults"),
        "workers killed": Figure(value=watched.kills, unit="kills"),
        "owed": Figure(value=total.owed / 1e6, unit="s"),
        "recorded": Figure(value=total.recorded / 1e6, unit="s"),
        "explained": Figure(value=total.explained / 1e6, unit="s"),
        "unexplained": Figure(value=total.unexplained / 1e6, unit="s", goal=0),
        "owed less recorded and explained": Figure(
            value=(total.owed - total.recorded - total.explained) / 1e6, unit="s", goal=0
        ),
        "gaps": Figure(value=total.gaps, unit="gaps"),
        "memory, last third over middle third": Figure(
            value=_mean([one.rss for one in last]) / _mean([one.rss for one in middle]), unit="x", goal=_FLAT
        ),
        "descriptors, last third over middle third": Figure(
            value=_mean([one.descriptors for one in last]) / _mean([one.descriptors for one in middle]),
            unit="x",
            goal=_FLAT,
        ),
        "memory": Figure(value=watched.readings[-1].rss / 2**20, unit="MiB"),
        "descriptors": Figure(value=watched.readings[-1].descriptors, unit="descriptors"),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
