"""What encryption at rest costs: a put and a ranged get of a minute of 1 Mbit/s, plain, over TLS, and encrypted.

The three ways take turns, so that a busy machine is as busy for each. Client and store share the machine; processor
time is of both, and says more of it than the time that passes, most of which is the disk's.
"""

import hashlib
import os
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from vantage.key_ids import key_id
from vantage.objects import ObjectStore
from vantage_bench.report import Figure, report
from vantage_stack.stack import Stack

_SIZE = 7_500_000
_RANGE = (1_000_000, 6_000_000)
_ROUNDS = int(os.environ.get("VANTAGE_BENCH_ROUNDS") or 40)
_WARM = 3
_BUCKET = "footage"


class _OneKey:
    """A keyring that asks nobody, as a service's does for as long as it keeps a key."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def key_for(self, bucket: str, key: str, *, make: bool = False) -> bytes | None:
        """The key."""
        del make
        return self._key if key_id(bucket, key) else None

    def destroy(self, key_id: str) -> None:
        """Nothing: a benchmark erases nothing."""
        del key_id


def main() -> None:
    """Measure and print."""
    with _ways() as ways:
        figures = _measure(ways)
    report("at-rest", figures)


@dataclass(frozen=True)
class _Way:
    """One way to the bytes: a store, and the process whose processor time counts beside ours."""

    name: str
    store: ObjectStore
    server: psutil.Process

    def cost_ms(self, call: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds that passed, and of processor time, client and store together."""
        began, used = time.monotonic(), self._used_s()
        call()
        return (time.monotonic() - began) * 1000, (self._used_s() - used) * 1000

    def _used_s(self) -> float:
        server = self.server.cpu_times()
        return time.process_time() + server.user + server.system


@contextmanager
def _ways() -> Iterator[Sequence[_Way]]:
    with Stack("bench-plain", encrypted=False) as plain, Stack("bench-rest", encrypted=True) as rest:
        for stack in (plain, rest):
            stack.require("store")
            stack.store.access.open().ensure_bucket(_BUCKET)
        servers = [psutil.Process(stack.store.processes[0].pid) for stack in (plain, rest)]
        access = rest.store.access
        yield (
            _Way("plain", plain.store.access.open(), servers[0]),
            _Way("TLS", access.open(), servers[1]),
            _Way("TLS and SSE-C", access.open(_OneKey()), servers[1]),
        )


def _measure(ways: Sequence[_Way]) -> dict[str, Figure]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(_WARM + _ROUNDS):
        data = os.urandom(_SIZE)
        for place, way in enumerate(ways):
            put, got = _round(way, f"hk1/{place}/20261124/{number}.mp4", data)
            if number >= _WARM:
                found[f"put of {_SIZE / 1e6:g} MB, {way.name}"].append(put)
                found[f"get of {_RANGE[1] / 1e6:g} MB of it, {way.name}"].append(got)
    figures: dict[str, Figure] = {}
    for name, costs in sorted(found.items()):
        passed, used = zip(*costs, strict=True)
        figures[name] = Figure(value=statistics.median(passed), unit="ms, median")
        figures[f"{name}: processor"] = Figure(value=statistics.mean(used), unit="ms, mean")
    return figures


def _round(way: _Way, key: str, data: bytes) -> tuple[tuple[float, float], tuple[float, float]]:
    digest = hashlib.sha256(data).hexdigest()
    put = way.cost_ms(lambda: way.store.put(_BUCKET, key, data, sha256=digest))
    got = way.cost_ms(lambda: way.store.get(_BUCKET, key, *_RANGE))
    way.store.delete(_BUCKET, key)
    return put, got


if __name__ == "__main__":
    main()
