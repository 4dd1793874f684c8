"""The worker processes together: started where a slot is wanted, told their part of the plan, heard, and worked off
where a slot is not wanted any more.
"""

from collections import Counter
from collections.abc import Mapping

import structlog

from vantage.health import Readiness
from vantage_ingest import metrics
from vantage_ingest.adapters.slot_folder import remove_slot
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.placement import Kind, Slot, shares
from vantage_ingest.fleet import Fleet, Place
from vantage_ingest.orders import Beat, Figures, News, Report, Stop, Why
from vantage_ingest.slots import Slots
from vantage_ingest.sums import Sums
from vantage_ingest.worker_process import Launch, WorkerProcess

_PATIENCE_S = 60.0
_KINDS: tuple[Kind, ...] = ("reader", "ffmpeg", "mask", "alone")
_log = structlog.get_logger()


class Crews:
    """All workers of the replica. Calls come from one thread and never wait."""

    def __init__(
        self, fleet: Fleet, slots: Slots, launch: Launch, readiness: Readiness, sums: Sums, *, spool_bytes: int
    ) -> None:
        self._fleet = fleet
        self._slots = slots
        self._launch = launch
        self._readiness = readiness
        self._sums = sums
        self._spool_bytes = spool_bytes
        self._workers: dict[str, WorkerProcess] = {}
        self._wanted: set[str] = set()
        self._begin_at = launch.clock.monotonic() + _PATIENCE_S
        self._begun = False
        self._said: dict[str, set[str]] = {}
        for slot in slots.left:
            self._workers[slot.name] = WorkerProcess(slot, launch)

    @property
    def ended(self) -> bool:
        """Whether no worker's process is left."""
        return all(worker.ended for worker in self._workers.values())

    def plan(self, wanted: Mapping[str, Wanted], *, live: bool) -> None:
        """Place the cameras and tell the workers."""
        demands = self._fleet.demands(wanted)
        slots = self._slots.wanted(demands.values(), self._fleet.load())
        self._open(slots)
        if not self._ready_to_begin():
            return
        places = {worker.name: Place(self._at(worker, slots), worker.done) for worker in self._workers.values()}
        orders = self._fleet.plan(demands, places, live=live)
        limits = shares(self._spool_bytes, {name: len(order.duties) for name, order in orders.items()})
        for name, order in orders.items():
            serial = self._workers[name].give(order, limits[name])
            if serial is not None:
                self._fleet.told(name, serial)
        self._work_off()

    def turn(self) -> None:
        """Hear all workers, and see which died."""
        for worker in list(self._workers.values()):
            reports, death = worker.turn()
            for report in reports:
                self._took(worker, report)
            if worker.ended:
                self._sums.ended(worker.name)
            if death is not None:
                metrics.WORKER_ENDS.labels(worker.slot.kind).inc()
                camera = self._fleet.crashed(worker.name, death.how, death.culprit)
                _log.error("a worker ended and is started again", worker=worker.name, how=death.how, camera=camera)
            self._show(worker)
        up = Counter(worker.slot.kind for worker in self._workers.values() if worker.state == "up")
        for kind in _KINDS:
            metrics.WORKERS.labels(kind).set(up[kind])

    def stop(self, *, handover: bool) -> None:
        """Ask all to finish."""
        why = Why(cause="handover", detail="another replica took the camera over") if handover else Why()
        for worker in self._workers.values():
            worker.stop(Stop(why=why))

    def kill(self) -> list[str]:
        """End those that did not finish; gives their names."""
        left = [worker for worker in self._workers.values() if not worker.ended]
        for worker in left:
            worker.kill()
        return [worker.name for worker in left]

    def _open(self, slots: list[Slot]) -> None:
        self._wanted = {slot.name for slot in slots}
        for slot in slots:
            if slot.name not in self._workers:
                self._workers[slot.name] = WorkerProcess(slot, self._launch)

    def _at(self, worker: WorkerProcess, slots: list[Slot]) -> Slot:
        """The worker's slot as it is wanted now: one of an earlier run may be wanted again."""
        return next((slot for slot in slots if slot.name == worker.name), Slot(worker.name, worker.slot.kind, 0))

    def _ready_to_begin(self) -> bool:
        """Whether each worker knows what an earlier run left, so that no camera is begun before its past is known."""
        if not self._begun:
            known = bool(self._workers) and all(worker.done >= 0 for worker in self._workers.values())
            self._begun = known or self._launch.clock.monotonic() > self._begin_at
        return self._begun

    def _work_off(self) -> None:
        """End the workers of slots that are not wanted, when nothing of theirs is left."""
        for name in list(self._workers.keys() - self._wanted):
            worker = self._workers[name]
            if worker.state == "up" and not worker.beat.spooled and worker.empty:
                worker.stop(Stop())
            elif worker.state == "down" and worker.finished:
                self._sums.ended(name)
                self._forget(name)

    def _forget(self, name: str) -> None:
        del self._workers[name]
        for part in self._said.pop(name, set()):
            self._readiness.ready(part)
        remove_slot(self._launch.state_dir, name)
        metrics.LOOP_LAG.remove(name)

    def _took(self, worker: WorkerProcess, report: Report) -> None:
        if isinstance(report, News):
            self._fleet.took(report, worker.name)
        elif isinstance(report, Figures):
            self._sums.took(worker.name, report.samples)
        elif isinstance(report, Beat):
            metrics.LOOP_LAG.labels(worker.name).set(report.lag)

    def _show(self, worker: WorkerProcess) -> None:
        """Say on the health endpoint what the worker waits for."""
        name = f"worker {worker.name}"
        reasons = {f"{name}: {part}": reason for part, reason in worker.beat.waiting.items()}
        if worker.state in ("down", "starting"):
            reasons = {name: "it is not up yet, or being started again: see the log"}
        for part in self._said.get(worker.name, set()) - reasons.keys():
            self._readiness.ready(part)
        for part, reason in reasons.items():
            self._readiness.waiting(part, reason)
        self._said[worker.name] = set(reasons)
