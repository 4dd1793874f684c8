"""What becomes of a record that can or cannot be handled."""

import asyncio
from typing import Any

import pytest

from vantage.contracts import CameraStatus, encode
from vantage.contracts.base import Message
from vantage.errors import DeadLetterLimit
from vantage_alerts.domain.continuity import Continuity
from vantage_alerts.intake import Intake
from vantage_alerts.record import RawRecord

TRACE = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]


class Engine:
    """What the intake asked of the engine."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    async def judge(self, message: Any, written_at: int, trace: str) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append(("judge", message.camera_id, written_at, trace))

    async def settle(self, camera_id: str, trace: str) -> None:
        self.asked.append(("settle", camera_id, trace))


class Letters:
    """Keeps dead letters; `limit` is how many it takes."""

    def __init__(self, limit: int = 100) -> None:
        self.limit = limit
        self.buried: list[tuple[RawRecord, str]] = []
        self.well = 0

    async def bury(self, record: RawRecord, reason: str) -> None:
        if len(self.buried) >= self.limit:
            msg = "too many"
            raise DeadLetterLimit(msg)
        self.buried.append((record, reason))

    def went_well(self) -> None:
        self.well += 1


class Watchlist:
    """Has read a record from the second question on."""

    def __init__(self) -> None:
        self.questions = 0

    def has_read(self, _partition: int, _offset: int) -> bool:
        self.questions += 1
        return self.questions > 1


class Desk:
    """An intake and what stands around it."""

    def __init__(self, limit: int = 100) -> None:
        self.engine, self.watchlist, self.letters = Engine(), Watchlist(), Letters(limit)
        self.intake = Intake(self.engine, self.watchlist, self.letters, Continuity())  # type: ignore[arg-type]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def record(topic: str, message: Message | bytes | None, key: bytes = b"hk1.steps-1", offset: int = 7) -> RawRecord:
    value = encode(message) if isinstance(message, Message) else message
    return RawRecord((topic, 2, offset), key, value, TRACE, 1_790_000_000_000_000)


async def test_a_detection_is_judged_with_the_time_it_was_written_and_its_trace(desk: Desk, street: Any) -> None:
    await desk.intake.detections(record("detections.v1", street.message(street.frame(0, 1))))
    trace = TRACE[0][1].decode()
    assert desk.engine.asked == [("judge", street.camera_id, 1_790_000_000_000_000, trace)]
    assert desk.letters.well == 1
    assert desk.intake.taken == {("detections.v1", 2): 8}


@pytest.mark.parametrize("value", [b"no json", b'{"camera_id":"x"}', b"", None])
async def test_what_is_no_detection_is_buried_as_it_was_and_the_stream_goes_on(desk: Desk, value: bytes | None) -> None:
    poison = record("detections.v1", value)
    await desk.intake.detections(poison)
    ((buried, reason),) = desk.letters.buried
    assert buried is poison
    assert "detections.v1" in reason
    assert desk.intake.taken == {("detections.v1", 2): 8}


async def test_a_fault_of_the_program_buries_its_message_and_names_the_fault(desk: Desk, street: Any) -> None:
    desk.engine.error = ZeroDivisionError("division by zero")
    await desk.intake.detections(record("detections.v1", street.message(street.frame(0, 1))))
    assert [reason for _, reason in desk.letters.buried] == ["ZeroDivisionError: division by zero"]


async def test_too_many_dead_letters_hold_the_record_and_tell_of_the_failure(street: Any) -> None:
    desk = Desk(limit=0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(desk.intake.detections(record("detections.v1", b"no json")), 0.05)
    assert isinstance(desk.intake.failure, DeadLetterLimit)
    assert desk.intake.taken == {}


async def test_a_camera_is_settled_when_the_table_has_come_as_far(desk: Desk, street: Any) -> None:
    await desk.intake.camera(record("cameras.v1", street.camera("paused")))
    assert desk.watchlist.questions == 2
    assert [asked[:2] for asked in desk.engine.asked] == [("settle", street.camera_id)]


async def test_a_camera_that_is_removed_is_settled_by_its_key(desk: Desk, street: Any) -> None:
    await desk.intake.camera(record("cameras.v1", None))
    assert [asked[:2] for asked in desk.engine.asked] == [("settle", street.camera_id)]


async def test_a_status_settles_a_camera_from_which_no_detections_come(desk: Desk, street: Any) -> None:
    status = CameraStatus(camera_id=street.camera_id, state="offline", since=1, observed_at=2, source="ingest")
    await desk.intake.status(record("camera-status.v1", status))
    await desk.intake.status(record("camera-status.v1", None))
    assert [asked[:2] for asked in desk.engine.asked] == [("settle", street.camera_id)]
