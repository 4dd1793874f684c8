"""Fragments' bytes from the object store: one get a pack and batch, fetched ahead of the work by a few threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from vantage.contracts import Fragment
from vantage.errors import ObjectMissing
from vantage_detect import metrics

_THREADS = 4
_AHEAD = 4
"""Packs that are fetched or wait in memory before their turn."""

PackKey = tuple[str, str]
Name = tuple[int, int]
"""How a batch names a fragment: partition and offset of its message."""
Wish = tuple[Name, Fragment]


class Store(Protocol):
    """The one call of the object store that detect makes."""

    def get(self, bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes, exactly as many. Raises ObjectMissing, StoreUnavailable, StoreRefused."""
        ...


@dataclass
class _Pack:
    """What a batch wants of one pack: the range that holds it all, and who is still to come for it."""

    key: PackKey
    low: int
    high: int
    waiting: set[Name] = field(default_factory=set)
    job: Future[bytes] | None = None


class Packs:
    """The packs of one batch at a time. Memory: the packs that are fetched ahead and those with fragments to come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="detect-packs")
        self._packs: dict[PackKey, _Pack] = {}
        self._wanted: Callable[[Name], bool] = lambda _: True

    def begin(self, wishes: Sequence[Wish], wanted: Callable[[Name], bool]) -> None:
        """Say what the batch will ask for, in that order; `wanted` is asked again just before a pack is fetched, so
        that nothing is fetched for fragments that are to be skipped.
        """
        self._packs = {}
        self._wanted = wanted
        for name, fragment in wishes:
            key = (fragment.bucket, fragment.pack)
            low, high = fragment.offset, fragment.offset + fragment.length
            pack = self._packs.setdefault(key, _Pack(key, low, high))
            pack.low, pack.high = min(pack.low, low), max(pack.high, high)
            pack.waiting.add(name)

    def fetch(self, name: Name, fragment: Fragment) -> bytes:
        """The fragment's bytes: initialisation segment, moof and mdat.

        Raises ObjectMissing where the pack is gone, and what else the store raises.
        """
        pack = self._packs[fragment.bucket, fragment.pack]
        job = self._start(pack)
        self._fetch_ahead()
        try:
            with metrics.STAGE_SECONDS.labels("fetch").time():
                data = job.result()
        except ObjectMissing:
            return self._alone(pack, fragment)
        finally:
            self.leave(name, fragment)
        begin = fragment.offset - pack.low
        return data[begin : begin + fragment.length]

    def leave(self, name: Name, fragment: Fragment) -> None:
        """Say that this fragment's bytes are not wanted (any more); with its last one a pack leaves memory."""
        pack = self._packs.get((fragment.bucket, fragment.pack))
        if pack is None:
            return
        pack.waiting.discard(name)
        if not pack.waiting:
            del self._packs[pack.key]

    def stop(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _alone(self, pack: _Pack, fragment: Fragment) -> bytes:
        """The fragment without its neighbours: one message with a range that is not there must not cost the others."""
        if (pack.low, pack.high) == (fragment.offset, fragment.offset + fragment.length):
            msg = f"{fragment.bucket}/{fragment.pack} is gone, or has no such range"
            raise ObjectMissing(msg)
        return self._store.get(fragment.bucket, fragment.pack, fragment.offset, fragment.length)

    def _fetch_ahead(self) -> None:
        for pack in list(self._packs.values())[:_AHEAD]:
            if pack.job is None and any(self._wanted(name) for name in pack.waiting):
                self._start(pack)

    def _start(self, pack: _Pack) -> Future[bytes]:
        if pack.job is None:
            bucket, key = pack.key
            pack.job = self._pool.submit(self._store.get, bucket, key, pack.low, pack.high - pack.low)
        return pack.job
