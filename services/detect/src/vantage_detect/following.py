"""Follows every camera of this replica's partitions, and gives each message one answer however often it is asked."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vantage.clock import Clock
from vantage.contracts import Fragment
from vantage.stream import Outgoing, Received
from vantage_detect import metrics, report
from vantage_detect.domain.followed import Ended, Finished
from vantage_detect.domain.freshness import captured_until
from vantage_detect.domain.watched import Place, Watched
from vantage_detect.looker import Key, Outcome

_QUIET_S = 10.0
"""Tracks end with the fragments that no longer show them; those of a camera that sends no more end after this."""


@dataclass
class _Camera:
    """One camera's state, and where it belongs: with its partition it goes."""

    partition: int
    watched: Watched
    digest: str
    heard_s: float


class Following:
    """The trackers of all cameras. Memory is bounded by the cameras that send: the quiet ones are let go.

    A batch may be handled again, because the broker did not take its messages; a tracker must not see its frames
    twice. So the answers to a batch are kept until a later batch of the partition shows that it is done.
    """

    def __init__(self, lost_after_us: int, clock: Clock) -> None:
        self._lost_after_us = lost_after_us
        self._clock = clock
        self._lock = threading.Lock()
        self._owned: set[int] = set()
        self._cameras: dict[str, _Camera] = {}
        self._answers: dict[Key, list[Outgoing]] = {}

    def own(self, partitions: Iterable[int]) -> None:
        """These partitions are this replica's now."""
        with self._lock:
            self._owned |= set(partitions)

    def let_go(self, partitions: Iterable[int]) -> list[Outgoing]:
        """These partitions are another's now: end their tracks, forget their cameras."""
        gone = set(partitions)
        with self._lock:
            self._owned -= gone
            self._answers = {key: answer for key, answer in self._answers.items() if key[0] not in gone}
            leaving = [camera_id for camera_id, camera in self._cameras.items() if camera.partition in gone]
            return [message for camera_id in leaving for message in self._end(camera_id, "handover")]

    def last(self) -> dict[str, Place]:
        """The last fragment that was taken of each camera."""
        with self._lock:
            return {camera_id: camera.watched.last for camera_id, camera in self._cameras.items()}

    def unanswered(self, batch: Sequence[Received[Fragment]]) -> list[Received[Fragment]]:
        """Those of the batch that have no answer yet; the answers of earlier batches are forgotten."""
        first: dict[int, int] = {}
        for received in batch:
            first[received.partition] = min(received.offset, first.get(received.partition, received.offset))
        with self._lock:
            self._answers = {key: answer for key, answer in self._answers.items() if key[1] >= first.get(key[0], 0)}
            return [received for received in batch if (received.partition, received.offset) not in self._answers]

    def answer(self, batch: Sequence[Received[Fragment]], outcomes: Mapping[Key, Outcome]) -> list[Outgoing]:
        """The messages of the whole batch, in its order; those of a partition that was lost meanwhile are nobody's."""
        messages: list[Outgoing] = []
        with self._lock, metrics.STAGE_SECONDS.labels("tracks").time():
            owned = [received for received in batch if received.partition in self._owned]
            for received in owned:
                key = received.partition, received.offset
                if key not in self._answers:
                    self._answers[key] = list(self._take(received, outcomes[key]))
                messages += self._answers[key]
            self._measure()
        return messages

    def end_quiet(self) -> list[Outgoing]:
        """End the tracks of cameras that send no more."""
        before = self._clock.monotonic() - _QUIET_S
        with self._lock:
            quiet = [camera_id for camera_id, camera in self._cameras.items() if camera.heard_s < before]
            return [message for camera_id in quiet for message in self._end(camera_id)]

    def _take(self, received: Received[Fragment], outcome: Outcome) -> Iterator[Outgoing]:
        fragment = received.message
        self._count(received, outcome)
        if outcome.kind in {"repeated", "superseded", "unwatched"}:
            return
        if outcome.kind == "unasked":
            yield from self._end(fragment.camera_id)
            return
        yield from self._end_epoch_before(fragment)
        camera = self._camera(received, outcome.digest)
        taken = camera.watched.take(fragment, [(look.at_us, look.sightings) for look in outcome.looks])
        message = report.detections(fragment, outcome.digest, outcome.looks, taken.numbers, outcome.skipped)
        yield Outgoing("detections.v1", message)
        yield from _tracks(fragment.camera_id, camera, taken.finished)

    def _camera(self, received: Received[Fragment], digest: str) -> _Camera:
        fragment, now = received.message, self._clock.monotonic()
        camera = self._cameras.get(fragment.camera_id)
        if camera is None:
            watched = Watched(fragment, self._lost_after_us)
            camera = self._cameras[fragment.camera_id] = _Camera(received.partition, watched, digest, now)
        camera.digest, camera.heard_s = digest, now
        return camera

    def _end_epoch_before(self, fragment: Fragment) -> list[Outgoing]:
        camera = self._cameras.get(fragment.camera_id)
        other = camera is not None and camera.watched.epoch != fragment.epoch
        return self._end(fragment.camera_id) if other else []

    def _end(self, camera_id: str, ended: Ended | None = None) -> list[Outgoing]:
        camera = self._cameras.pop(camera_id, None)
        return [] if camera is None else list(_tracks(camera_id, camera, camera.watched.end(ended)))

    def _count(self, received: Received[Fragment], outcome: Outcome) -> None:
        metrics.FRAGMENTS.labels(outcome.kind).inc()
        metrics.LOOKS.inc(len(outcome.looks))
        if outcome.skipped:
            metrics.SKIPPED_LOOKS.labels(outcome.kind).inc(outcome.skipped)
        if outcome.looks:
            age_us = self._clock.now_us() - captured_until(received.message, received.timestamp_us)
            metrics.AGE_SECONDS.observe(max(0, age_us) / 1_000_000)

    def _measure(self) -> None:
        metrics.CAMERAS.set(len(self._cameras))
        metrics.FOLLOWED.set(sum(len(camera.watched) for camera in self._cameras.values()))


def _tracks(camera_id: str, camera: _Camera, finished: Iterable[Finished]) -> Iterator[Outgoing]:
    for one in finished:
        metrics.TRACKS.labels(one.ended).inc()
        yield Outgoing("tracks.v1", report.track(camera_id, camera.watched.epoch, camera.digest, one))
