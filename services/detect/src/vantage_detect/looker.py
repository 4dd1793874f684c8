"""Looks at a batch: says for each fragment what came of it. It changes nothing that a second call would miss."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, Protocol

from vantage.clock import Clock
from vantage.contracts import Fragment
from vantage.errors import ObjectMissing
from vantage.stream import Poison, Received
from vantage_detect.adapters.desired import DesiredRates
from vantage_detect.adapters.packs import Packs
from vantage_detect.analyser import Look, Looked
from vantage_detect.domain.freshness import Freshness, captured_until, turns
from vantage_detect.domain.sampling import wanted
from vantage_detect.domain.watched import Place, refusal
from vantage_detect.errors import Stopping, Unusable

Kind = Literal["looked", "stale", "late", "gone", "idle", "unasked", "repeated", "superseded", "unwatched"]
Key = tuple[int, int]
"""Partition and offset of a fragment's message."""

_MOST_CAMERAS = 10_000


class Detector(Protocol):
    """What sees: the analyser with its networks."""

    def digest_for(self, fragment: Fragment) -> str:
        """The digest of the network that looks at such pictures."""
        ...

    def look(self, data: bytes, fragment: Fragment, wanted: Sequence[int]) -> Looked:
        """See what is in the wanted frames, by index. Raises Unusable."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What came of one fragment: how many looks were asked for, and those that were had."""

    kind: Kind
    digest: str = ""
    asked: int = 0
    looks: list[Look] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """Looks that were asked for and not had."""
        return self.asked - len(self.looks)


@dataclass(frozen=True)
class Task:
    """A fragment that has frames to look at."""

    received: Received[Fragment]
    wanted: list[int]
    digest: str

    @property
    def key(self) -> Key:
        """Where its message stood."""
        return self.received.partition, self.received.offset


class Looker:
    """Fetches, checks and analyses what of a batch is wanted and fresh.

    What was seen is kept until the batch is done: a poisoned neighbour or a store that goes away costs no second look.
    """

    def __init__(
        self,
        packs: Packs,
        detector: Detector,
        rates: DesiredRates,
        *,
        freshness: Freshness,
        clock: Clock,
        stop: Event,
    ) -> None:
        self._packs = packs
        self._detector = detector
        self._rates = rates
        self._freshness = freshness
        self._clock = clock
        self._stop = stop
        self._seen: dict[Key, Looked] = {}
        self._looked_at: dict[str, float] = {}

    def look(self, batch: Sequence[Received[Fragment]], last: Mapping[str, Place]) -> dict[Key, Outcome]:
        """The outcome of each fragment, where `last` is the fragment of each camera that was taken before.

        Raises Poison for one that can never be looked at, and Retryable where the store is away or on a stop.
        """
        outcomes: dict[Key, Outcome] = {}
        tasks = self._plan(batch, dict(last), outcomes)
        keys = {task.key for task in tasks}
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}
        order = turns([task.received.message.camera_id for task in tasks], self._looked_at)
        work = {tasks[index].key: (tasks[index], newer) for index, newer in order}
        begun = self._clock.monotonic()
        self._packs.begin(
            [(key, task.received.message) for key, (task, _) in work.items() if key not in self._seen],
            lambda key: self._skip(*work[key], begun) is None,
        )
        for key, (task, newer) in work.items():
            outcomes[key] = self._outcome(task, newer, begun)
        return outcomes

    def _plan(
        self, batch: Sequence[Received[Fragment]], last: dict[str, Place], outcomes: dict[Key, Outcome]
    ) -> list[Task]:
        """The fragments with frames to look at; the outcome of the others is known at once."""
        tasks = []
        for received in batch:
            fragment, key = received.message, (received.partition, received.offset)
            if fragment.stream != self._rates.stream(fragment.camera_id):
                outcomes[key] = Outcome("unwatched")
                continue
            refused = refusal(last.get(fragment.camera_id), fragment)
            if refused is not None:
                outcomes[key] = Outcome(refused)
                continue
            last[fragment.camera_id] = (fragment.epoch, fragment.sequence)
            rate = self._rates.rate(fragment.camera_id)
            frames = wanted(fragment.start, fragment.duration, [frame.after_us for frame in fragment.frames], rate)
            digest = self._detector.digest_for(fragment)
            if frames:
                tasks.append(Task(received, frames, digest))
            else:
                outcomes[key] = Outcome("idle" if rate else "unasked", digest)
        return tasks

    def _outcome(self, task: Task, newer: int, begun: float) -> Outcome:
        if self._stop.is_set():
            msg = "told to stop: the rest of the batch is left for the next start"
            raise Stopping(msg)
        asked = len(task.wanted)
        seen = self._seen.get(task.key)
        if seen is None and (skip := self._skip(task, newer, begun)):
            self._packs.leave(task.key, task.received.message)
            return Outcome(skip, task.digest, asked)
        try:
            seen = seen or self._see(task)
        except ObjectMissing:
            return Outcome("gone", task.digest, asked)
        return Outcome("looked", seen.digest, asked, seen.looks)

    def _skip(self, task: Task, newer: int, begun: float) -> Literal["stale", "late"] | None:
        age_us = self._clock.now_us() - captured_until(task.received.message, task.received.timestamp_us)
        return self._freshness.skip(age_us, newer, round((self._clock.monotonic() - begun) * 1e6))

    def _see(self, task: Task) -> Looked:
        fragment = task.received.message
        data = self._packs.fetch(task.key, fragment)
        try:
            _check(data, fragment)
            seen = self._seen[task.key] = self._detector.look(data, fragment, task.wanted)
        except Unusable as error:
            raise Poison(task.received, f"{fragment.fragment_id} of {fragment.camera_id}: {error}") from error
        self._note_turn(fragment.camera_id)
        return seen

    def _note_turn(self, camera_id: str) -> None:
        self._looked_at.pop(camera_id, None)
        self._looked_at[camera_id] = self._clock.monotonic()
        if len(self._looked_at) > _MOST_CAMERAS:
            del self._looked_at[next(iter(self._looked_at))]


def _check(data: bytes, fragment: Fragment) -> None:
    """Raise Unusable unless moof and mdat are what the message says."""
    found = hashlib.sha256(data[fragment.init_length :]).hexdigest()
    if found != fragment.sha256:
        msg = (
            f"bytes {fragment.offset}..{fragment.offset + fragment.length} of {fragment.bucket}/{fragment.pack} have "
            f"SHA-256 {found} after the initialisation segment, the message says {fragment.sha256}: the pack was "
            "damaged or the message is another's; see ingest"
        )
        raise Unusable(msg)
