"""Which worker reads which camera. The supervisor's plan, made anew again and again from what is wanted; it opens
nothing and waits for nothing.

A camera is in one worker at a time: it is given to another only when the one before has said that it let go, or has
recovered its spool after a crash, so that the begin of the gap is known.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from vantage_ingest import metrics
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.placement import Demand, Slot, place
from vantage_ingest.orders import Duty, News, Why
from vantage_ingest.roster import Roster
from vantage_ingest.standing import QUARANTINED, Standing

_MOVED = Why(cause="maintenance", detail="it went to another worker")
_HANDED_OVER = Why(cause="handover", detail="another replica took the camera over")
_log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """A slot with what its worker last confirmed: -1 until it has recovered its spool."""

    slot: Slot
    done: int


@dataclass
class Orders:
    """What one worker is to be told."""

    duties: list[Duty] = field(default_factory=list)
    leaving: dict[str, Why] = field(default_factory=dict)


@dataclass
class _Leaving:
    slot: str
    why: Why
    serial: int | None = None


class Fleet:
    """The cameras of this replica. `forget` is told of a camera that another replica has now."""

    def __init__(self, board: StatusBoard, standing: Standing, forget: Callable[[str], None]) -> None:
        self._board = board
        self._standing = standing
        self._forget = forget
        self._roster = Roster()
        self._wanted: Mapping[str, Wanted] = {}
        self._slots: dict[str, str] = {}
        self._leaving: dict[str, _Leaving] = {}

    def demands(self, wanted: Mapping[str, Wanted]) -> dict[str, Demand]:
        """What is to be read, with the kind of slot that it needs; of the rest is told why it is not."""
        self._standing.changed(self._wanted, wanted)
        found: dict[str, Demand] = {}
        for camera_id, want in wanted.items():
            why = self._standing.idle(camera_id, want)
            if why is None:
                found[camera_id] = Demand(want.partition, self._standing.kind(camera_id, want.camera))
            else:
                self._rest(camera_id, why)
        self._let_go(wanted)
        self._wanted = wanted
        return found

    def plan(self, demands: Mapping[str, Demand], places: Mapping[str, Place], *, live: bool) -> dict[str, Orders]:
        """What each worker is to be told; `live` is false where another replica may speak for the cameras."""
        self._settle(places)
        plan = place(demands, self._slots, [one.slot for one in places.values()])
        for camera_id, slot in list(self._slots.items()):
            if plan.placed.get(camera_id) != slot:
                self._leave(camera_id, _MOVED)
        metrics.REFUSED_CAMERAS.set(len(plan.refused))
        for camera_id in filter(self._is_live, plan.refused):
            self._standing.refuse(camera_id, demands[camera_id].kind)
        orders = {name: Orders() for name in places}
        for camera_id, slot in plan.placed.items():
            if camera_id not in self._leaving:
                self._slots[camera_id] = slot
                orders[slot].duties.append(self._duty(camera_id, live=live))
        for camera_id, leaving in self._leaving.items():
            if leaving.slot in orders:
                orders[leaving.slot].leaving[camera_id] = leaving.why
        return orders

    def told(self, slot: str, serial: int) -> None:
        """The slot's worker was told of all this under that serial."""
        for leaving in self._leaving.values():
            if leaving.slot == slot and leaving.serial is None:
                leaving.serial = serial

    def took(self, news: News, slot: str) -> None:
        """A worker's report."""
        own = [one for one in news.conditions if self._slots.get(one.camera_id) == slot]
        for condition in own:
            if condition.state == "online":
                self._roster.explained(condition.camera_id)
        self._board.took([one for one in own if self._is_live(one.camera_id)])
        for camera_id, detail in news.unhandled.items():
            want = self._wanted.get(camera_id)
            if want is not None and self._standing.unhandled(camera_id, want.camera):
                why = Why(cause="camera-unreachable", detail=f"opened by the other reader: {detail}")
                self._roster.explain(camera_id, why)
                _log.info("a camera is opened by the other reader", camera=camera_id, reason=detail)

    def crashed(self, slot: str, how: str, culprit: int) -> str | None:
        """A slot's worker died; gives the camera that it died of, where that is known."""
        why = Why(cause="worker-crashed", detail=f"the process that read it ended: {how}")
        for camera_id in [camera_id for camera_id, name in self._slots.items() if name == slot]:
            self._roster.explain(camera_id, why)
            if self._is_live(camera_id):
                self._board.set(camera_id, "offline", why.detail, "nothing: the process is started again")
        for leaving in self._leaving.values():
            if leaving.slot == slot:
                leaving.serial = 0
        guilty = self._roster.named(culprit, self._wanted)
        if guilty is not None:
            self._standing.strike(guilty)
        return guilty

    def load(self) -> Counter[str]:
        """How many cameras each slot has."""
        return Counter(self._slots.values())

    def _duty(self, camera_id: str, *, live: bool) -> Duty:
        want = self._wanted[camera_id]
        reader = self._standing.reader(camera_id, want.camera)
        return self._roster.duty(camera_id, want, reader, live=live and want.live)

    def _rest(self, camera_id: str, why: Why) -> None:
        if why is QUARANTINED:
            self._roster.explain(camera_id, why)
        if camera_id in self._slots:
            self._leave(camera_id, why)

    def _let_go(self, wanted: Mapping[str, Wanted]) -> None:
        """Cameras that are not this replica's any more, and those that another one speaks for already."""
        for camera_id in self._slots.keys() - wanted.keys():
            self._leave(camera_id, _HANDED_OVER)
        for camera_id in self._wanted.keys() - wanted.keys():
            self._board.forget(camera_id)
            self._roster.forget(camera_id)
            if camera_id not in self._leaving:
                self._forget(camera_id)
        for camera_id, want in wanted.items():
            if not want.live:
                self._board.forget(camera_id)

    def _leave(self, camera_id: str, why: Why) -> None:
        self._leaving[camera_id] = _Leaving(self._slots.pop(camera_id), why)

    def _settle(self, places: Mapping[str, Place]) -> None:
        """See which cameras are free for another worker by now."""
        for camera_id, leaving in list(self._leaving.items()):
            there = places.get(leaving.slot)
            if there is None or (leaving.serial is not None and there.done >= leaving.serial):
                del self._leaving[camera_id]
                if camera_id not in self._wanted:
                    self._forget(camera_id)

    def _is_live(self, camera_id: str) -> bool:
        want = self._wanted.get(camera_id)
        return want is not None and want.live
