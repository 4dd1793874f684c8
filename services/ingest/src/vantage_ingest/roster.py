"""The duties as workers hear them: each camera with its number, and with what explains the time before it."""

from collections.abc import Mapping
from itertools import count

from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.orders import Duty, ReaderKind, Why


class Roster:
    """Makes duties. One that has not changed is the same object again, so that to compare them costs nothing."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._next = count(1)
        self._before: dict[str, Why] = {}
        self._duties: dict[str, Duty] = {}

    def duty(self, camera_id: str, want: Wanted, reader: ReaderKind, *, live: bool) -> Duty:
        """The camera's duty now."""
        duty = Duty(
            camera=want.camera,
            partition=want.partition,
            epoch=want.epoch,
            number=self._number(camera_id),
            reader=reader,
            live=live,
            before=self._before.get(camera_id),
        )
        known = self._duties.get(camera_id)
        if known is not None and known.camera is want.camera and _same(known, duty):
            return known
        self._duties[camera_id] = duty
        return duty

    def explain(self, camera_id: str, why: Why) -> None:
        """Why the camera is not recorded from now on, until it is seen online again."""
        self._before[camera_id] = why

    def explained(self, camera_id: str) -> None:
        """The camera is recorded."""
        self._before.pop(camera_id, None)

    def named(self, number: int, among: Mapping[str, Wanted]) -> str | None:
        """The camera that a number stands for, if it is among these."""
        name = self._names.get(number)
        return name if name in among else None

    def forget(self, camera_id: str) -> None:
        """Another replica has the camera. It keeps its number: a worker may still be dying of it."""
        self._before.pop(camera_id, None)
        self._duties.pop(camera_id, None)

    def _number(self, camera_id: str) -> int:
        if camera_id not in self._numbers:
            self._numbers[camera_id] = next(self._next)
            self._names[self._numbers[camera_id]] = camera_id
        return self._numbers[camera_id]


def _same(one: Duty, other: Duty) -> bool:
    """Whether a worker has nothing new to hear; that nothing is to be explained any more is no news."""
    before = other.before is None or one.before == other.before
    return before and _order(one) == _order(other)


def _order(duty: Duty) -> tuple[object, ...]:
    return duty.partition, duty.epoch, duty.reader, duty.live
