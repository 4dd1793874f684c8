"""Keeps the threads of the cameras in step with what is wanted: starts, stops, and refuses what is too many.

`reconcile` is called by one thread, again and again; whatever it finds, it moves one step nearer.
"""

from collections.abc import Callable, Mapping

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage.contracts.recording import GapCause
from vantage_ingest import metrics
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.worker import CameraWorker

MakeWorker = Callable[[Wanted], CameraWorker]
Stop = tuple[GapCause | None, str]


class Fleet:
    """The running cameras. `forget` is told of a camera that another replica has now."""

    def __init__(
        self, make: MakeWorker, board: StatusBoard, clock: Clock, limit: int, forget: Callable[[str], None]
    ) -> None:
        self._make = make
        self._board = board
        self._clock = clock
        self._limit = limit
        self._forget = forget
        self._running: dict[str, tuple[Wanted, CameraWorker]] = {}
        self._leaving: dict[str, CameraWorker] = {}
        self._known: dict[str, Wanted] = {}

    def reconcile(self, wanted: Mapping[str, Wanted]) -> None:
        """Start what is to record and does not; stop what records and is not to."""
        now_us = self._clock.now_us()
        self._leaving = {key: worker for key, worker in self._leaving.items() if not worker.join(0)}
        for camera_id in self._running.keys() - wanted.keys():
            self._stop(camera_id, ("ingest-restarted", "another replica took the camera over"))
        for camera_id in self._known.keys() - wanted.keys() - self._leaving.keys():
            self._let_go(camera_id)
        for camera_id, want in sorted(wanted.items()):
            self._step(camera_id, want, now_us)
        metrics.REFUSED_CAMERAS.set(self._refused(wanted, now_us))

    def stop(self, timeout: float) -> int:
        """Stop all cameras within `timeout` seconds; gives how many did not stop and leave their spool to recovery."""
        workers = [worker for _, worker in self._running.values()] + list(self._leaving.values())
        for worker in workers:
            worker.stop()
        end = self._clock.monotonic() + timeout
        return sum(not worker.join(max(0.0, end - self._clock.monotonic())) for worker in workers)

    def _step(self, camera_id: str, want: Wanted, now_us: int) -> None:
        self._known[camera_id] = want
        running = self._running.get(camera_id)
        reason = idle_reason(want.camera, now_us)
        if running is None and reason is None:
            self._start(camera_id, want)
        elif running is not None and reason is not None:
            self._stop(camera_id, reason)
        elif running is not None:
            self._follow(camera_id, *running, want)
        if want.camera.state == "retired":
            self._board.forget(camera_id)
        elif reason is not None:
            self._board.set(camera_id, "paused", reason[1])

    def _start(self, camera_id: str, want: Wanted) -> None:
        if camera_id in self._leaving:
            return  # its thread still waits for the last read; the next step starts it
        if len(self._running) >= self._limit:
            cause = f"not read: this ingest process is full with {self._limit} cameras"
            self._board.set(camera_id, "offline", cause, "add a replica of ingest; the group shares the cameras anew")
            return
        self._board.set(camera_id, "connecting")
        worker = self._make(want)
        self._running[camera_id] = want, worker
        worker.start()

    def _follow(self, camera_id: str, before: Wanted, worker: CameraWorker, want: Wanted) -> None:
        old, new = before.camera, want.camera
        if (old.source, old.fragment_seconds, before.partition) != (new.source, new.fragment_seconds, want.partition):
            self._stop(camera_id, ("maintenance", "the camera's source was changed"))
            return
        if before.epoch != want.epoch:
            worker.renew(want.epoch)
        if old is not new:
            worker.update(new)
        self._running[camera_id] = want, worker

    def _stop(self, camera_id: str, reason: Stop) -> None:
        _, worker = self._running.pop(camera_id)
        worker.stop(*reason)
        self._leaving[camera_id] = worker

    def _let_go(self, camera_id: str) -> None:
        del self._known[camera_id]
        self._board.forget(camera_id)
        self._forget(camera_id)

    def _refused(self, wanted: Mapping[str, Wanted], now_us: int) -> int:
        due = sum(idle_reason(want.camera, now_us) is None for want in wanted.values())
        return max(0, due - self._limit)


def idle_reason(camera: Camera, now_us: int) -> Stop | None:
    """Why the camera may not record now, with the cause for the ledger; None where it is to record.

    The authority's end is looked at here as well, because the scheme may be out of reach when it comes.
    """
    if camera.authority.expires_at <= now_us:
        return "authority-expired", f"the authority {camera.authority.reference!r} has ended"
    if camera.state != "recording":
        return "maintenance", f"the scheme has it {camera.state}"
    return None
