"""Which worker reads which camera, and what is said of those that none reads. The supervisor's plan, made anew again
and again from what is wanted; it opens nothing and waits for nothing.

A camera is in one worker at a time: it is given to another only when the one before has said that it let go, or has
recovered its spool after a crash, so that the begin of the gap is known.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

import structlog

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage.contracts.camera import Source
from vantage_ingest import metrics
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.masking import needs_burning
from vantage_ingest.domain.placement import Demand, Kind, Slot, place
from vantage_ingest.domain.quarantine import Quarantine
from vantage_ingest.orders import Duty, News, ReaderKind, Why

_READER: Mapping[Kind, ReaderKind] = {"reader": "native", "ffmpeg": "ffmpeg", "mask": "masking"}
_MOVED = Why(detail="it is read by another worker now")
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

    def __init__(self, board: StatusBoard, clock: Clock, quarantine: Quarantine, forget: Callable[[str], None]) -> None:
        self._board = board
        self._clock = clock
        self._quarantine = quarantine
        self._forget = forget
        self._wanted: Mapping[str, Wanted] = {}
        self._slots: dict[str, str] = {}
        self._leaving: dict[str, _Leaving] = {}
        self._before: dict[str, Why] = {}
        self._unhandled: dict[str, Source] = {}
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._next = count(1)
        self._duties: dict[str, Duty] = {}

    def demands(self, wanted: Mapping[str, Wanted]) -> dict[str, Demand]:
        """What is to be read, with the kind of slot that it needs; the rest is told why it is not."""
        self._changed_sources(wanted)
        now_us, now = self._clock.now_us(), self._clock.monotonic()
        found: dict[str, Demand] = {}
        for camera_id, want in wanted.items():
            why = self._idle(camera_id, want, now_us, now)
            if why is None:
                found[camera_id] = Demand(want.partition, self._kind(camera_id, want.camera, now))
            elif camera_id in self._slots:
                self._leave(camera_id, why)
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
        for camera_id in plan.refused:
            self._refuse(camera_id, demands[camera_id].kind)
        orders = {name: Orders() for name in places}
        for camera_id, slot in plan.placed.items():
            if camera_id not in self._leaving:
                self._slots[camera_id] = slot
                orders[slot].duties.append(self._duty(camera_id, demands[camera_id].kind, live=live))
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
        spoken = [
            one for one in news.conditions if self._slots.get(one.camera_id) == slot and self._is_live(one.camera_id)
        ]
        self._board.took(spoken)
        for condition in spoken:
            if condition.state == "online":
                self._before.pop(condition.camera_id, None)
        for camera_id, detail in news.unhandled.items():
            want = self._wanted.get(camera_id)
            if want is not None and want.camera.source.reader == "auto":
                self._unhandled[camera_id] = want.camera.source
                self._before[camera_id] = Why(
                    cause="camera-unreachable", detail=f"opened by the other reader: {detail}"
                )
                _log.info("a camera is opened by the other reader", camera=camera_id, reason=detail)

    def crashed(self, slot: str, how: str, culprit: int) -> str | None:
        """A slot's worker died; gives the camera that it died of, where that is known."""
        why = Why(cause="worker-crashed", detail=f"the process that read it ended: {how}")
        for camera_id, name in self._slots.items():
            if name == slot:
                self._before[camera_id] = why
                self._board.set(camera_id, "offline", why.detail, "nothing: the process is started again")
        for leaving in self._leaving.values():
            if leaving.slot == slot:
                leaving.serial = 0
        guilty = self._names.get(culprit)
        if guilty is not None and guilty in self._wanted:
            standing = self._quarantine.strike(guilty, self._clock.monotonic())
            if standing == "resting":
                metrics.QUARANTINES.inc()
                _log.error("a camera ended its process again and again and is not read for now", camera=guilty)
        return guilty

    def load(self) -> Counter[str]:
        """How many cameras each slot has."""
        return Counter(self._slots.values())

    def _idle(self, camera_id: str, want: Wanted, now_us: int, now: float) -> Why | None:
        if (why := idle_reason(want.camera, now_us)) is not None:
            if want.camera.state == "retired" or not want.live:
                self._board.forget(camera_id)
            else:
                self._board.set(camera_id, "paused", why.detail)
            return why
        if self._quarantine.standing(camera_id, now) == "resting":
            return self._quarantined(camera_id, now)
        return None

    def _quarantined(self, camera_id: str, now: float) -> Why:
        why = Why(cause="camera-quarantined", detail="reading it ended its process again and again")
        self._before[camera_id] = why
        remedy = "update the camera's firmware or change its stream; a changed source is tried at once"
        known = self._board.state(camera_id)
        if known != "quarantined":
            minutes = round(self._quarantine.rest_left(camera_id, now) / 60)
            self._board.set(camera_id, "quarantined", f"{why.detail}; it is tried again in {minutes} minutes", remedy)
        return why

    def _kind(self, camera_id: str, camera: Camera, now: float) -> Kind:
        if self._quarantine.standing(camera_id, now) == "trial":
            return "alone"
        return self._usual(camera_id, camera)

    def _usual(self, camera_id: str, camera: Camera) -> Kind:
        if needs_burning(camera):
            return "mask"
        return "ffmpeg" if camera.source.reader == "ffmpeg" or camera_id in self._unhandled else "reader"

    def _duty(self, camera_id: str, kind: Kind, *, live: bool) -> Duty:
        want = self._wanted[camera_id]
        usual = self._usual(camera_id, want.camera) if kind == "alone" else kind
        duty = Duty(
            camera=want.camera,
            partition=want.partition,
            epoch=want.epoch,
            number=self._number(camera_id),
            reader=_READER[usual],
            live=live and want.live,
            before=self._before.get(camera_id),
        )
        known = self._duties.get(camera_id)
        if known is not None and known.camera is want.camera and _same(known, duty):
            return known
        self._duties[camera_id] = duty
        return duty

    def _number(self, camera_id: str) -> int:
        if camera_id not in self._numbers:
            self._numbers[camera_id] = next(self._next)
            self._names[self._numbers[camera_id]] = camera_id
        return self._numbers[camera_id]

    def _changed_sources(self, wanted: Mapping[str, Wanted]) -> None:
        for camera_id, want in wanted.items():
            before = self._wanted.get(camera_id)
            if before is not None and before.camera.source != want.camera.source:
                self._unhandled.pop(camera_id, None)
                self._quarantine.forgive(camera_id)

    def _let_go(self, wanted: Mapping[str, Wanted]) -> None:
        """Cameras that are not this replica's any more, and those that another one speaks for already."""
        for camera_id in self._slots.keys() - wanted.keys():
            self._leave(camera_id, _HANDED_OVER)
        for camera_id in self._wanted.keys() - wanted.keys():
            self._board.forget(camera_id)
            self._before.pop(camera_id, None)
            self._duties.pop(camera_id, None)
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
            place = places.get(leaving.slot)
            if place is None or (leaving.serial is not None and place.done >= leaving.serial):
                del self._leaving[camera_id]
                if camera_id not in self._wanted:
                    self._forget(camera_id)

    def _refuse(self, camera_id: str, kind: Kind) -> None:
        cause = "not read: this replica of ingest is full"
        remedy = "add a replica of ingest, the group shares the cameras anew; or raise VANTAGE_INGEST_"
        more = {"reader": "WORKERS", "ffmpeg": "FFMPEG_WORKERS", "mask": "MASKING_WORKERS", "alone": "WORKERS"}
        if self._wanted[camera_id].live:
            self._board.set(camera_id, "offline", cause, remedy + more[kind])

    def _is_live(self, camera_id: str) -> bool:
        want = self._wanted.get(camera_id)
        return want is not None and want.live


def _same(one: Duty, other: Duty) -> bool:
    """Whether a worker has nothing new to hear; that nothing is to be explained any more is no news."""
    before = other.before is None or one.before == other.before
    return before and _order(one) == _order(other)


def _order(duty: Duty) -> tuple[object, ...]:
    return duty.partition, duty.epoch, duty.reader, duty.live


def idle_reason(camera: Camera, now_us: int) -> Why | None:
    """Why the camera may not record now, with the cause for the ledger; None where it is to record.

    The authority's end is looked at here as well, because the scheme may be out of reach when it comes.
    """
    if camera.authority.expires_at <= now_us:
        return Why(cause="authority-expired", detail=f"the authority {camera.authority.reference!r} has ended")
    if camera.state != "recording":
        return Why(cause="maintenance", detail=f"the scheme has it {camera.state}")
    return None


def needed(kind: Kind, demand: int, in_use: Iterable[str], *, capacity: int, most: int) -> list[Slot]:
    """The slots of a kind that is made on demand: those in use, and as many more as its cameras need."""
    names = set(in_use)
    wanted = min(most, -(-demand // capacity))
    numbers = (f"{kind}-{number}" for number in count())
    while len(names) < wanted:
        names.add(next(name for name in numbers if name not in names))
    return [Slot(name, kind, capacity) for name in sorted(names)]
