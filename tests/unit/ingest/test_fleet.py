"""Cameras are started, stopped and told about as they are wanted; one camera's end is its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from vantage.clock import SystemClock
from vantage.contracts import CameraStatus, Message
from vantage.testing import ManualClock
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.fleet import Fleet, idle_reason
from vantage_ingest.ports import Target
from vantage_ingest.recorder import Recorder
from vantage_ingest.surroundings import Surroundings
from vantage_ingest.worker import CameraWorker

from .conftest import coded
from .test_holdings import camera

DEADLINE_S = 20.0
Step = AccessUnit | Exception


def script(*before: Exception, frames: int = 60, times: int = 1) -> list[Step]:
    """What a camera does on one connection: errors at once, or pictures until it ends."""
    return [*before, *(list(coded("h264", frames=frames)) * times)]


@dataclass
class FakeStream:
    """Plays a script: pictures, and an error where one is to come."""

    script: list[Step]
    sets: ParameterSets = field(default_factory=lambda: ParameterSets("h264", (), ()))

    def units(self) -> Iterator[AccessUnit]:
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            time.sleep(0.001)
            yield step
        raise StreamEnded(EndCause.ENDED, "the script is over")


@dataclass
class FakeReader:
    """A camera that gives one script a connection, then is unreachable."""

    scripts: list[list[Step]]
    opened: list[Target] = field(default_factory=list)

    @contextmanager
    def open(self, target: Target) -> Iterator[FakeStream]:
        self.opened.append(target)
        if not self.scripts:
            raise StreamEnded(EndCause.UNREACHABLE, "connection refused")
        yield FakeStream(self.scripts.pop(0))


class Log:
    def __init__(self) -> None:
        self.messages: list[CameraStatus] = []

    def publish(self, topic: str, message: Message) -> None:
        assert topic == "camera-status.v1"
        assert isinstance(message, CameraStatus)
        self.messages.append(message)

    def flush(self) -> None:
        """Nothing waits."""


class Desk:
    """A fleet on fake cameras, a real spool and a log in memory."""

    def __init__(self, folder: Path, limit: int = 100) -> None:
        self.clock = SystemClock()
        self.log = Log()
        self.board = StatusBoard(self.log, self.clock, 60)
        self.reader = FakeReader([])
        self.spool = Spool(folder / "spool", 1 << 20)
        self.ends = Ends(folder / "ends")
        self.finished: list[Finished] = []
        self.live: list[LiveFragment] = []
        self.fleet = Fleet(self._worker, self.board, self.clock, limit, self.ends.forget)

    def _worker(self, want: Wanted) -> CameraWorker:
        around = Surroundings(
            reader=self.reader,
            target=lambda one: Target(one.source.url),
            live=self.live.append,
            recorder=lambda name: Recorder(name, self.spool, self.ends, self.finished.append, seconds=60),
            statuses=self.board,
            backoff=lambda: Backoff(0.01, 0.05, lambda: 0.0),
            new_epoch=lambda: 999,
            clock=self.clock,
            trust_us=60_000_000,
        )
        return CameraWorker(want.camera, want.partition, want.epoch, around)

    def reconcile_until(self, wanted: dict[str, Wanted], condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline
            self.fleet.reconcile(wanted)
            self.board.publish()
            time.sleep(0.01)

    def said(self, state: str) -> list[CameraStatus]:
        return [message for message in self.log.messages if message.state == state]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    assert made.fleet.stop(10) == 0


def want(name: str, **changes: object) -> Wanted:
    return Wanted(msgspec.structs.replace(camera(name), **changes), partition=3, epoch=100)


def test_each_end_is_told_with_its_cause_and_the_pictures_before_it_are_kept(desk: Desk) -> None:
    units = script()
    desk.reader.scripts = [[*units, StreamEnded(EndCause.STALLED, "nothing for 8 s")]]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.said("offline"))
    assert [status.state for status in desk.log.messages][-1] == "offline"
    assert "connection refused" in desk.said("offline")[0].cause
    assert sum(len(one.cut.frames) for one in desk.live) == len(units)
    assert {(one.partition, one.cut.epoch) for one in desk.live} == {(3, 100)}
    assert [entry.range.sha256 for one in desk.finished for entry in one.entries] == [
        one.cut.sha256 for one in desk.live
    ]
    last = desk.ends.get("hk1.a")
    assert last is not None
    assert last.cause == "stream-stalled"


def test_an_error_that_nobody_thought_of_ends_one_connection_only(desk: Desk) -> None:
    units = script()
    desk.reader.scripts = [script(ZeroDivisionError("a bug")), units]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.live)
    assert len(desk.reader.opened) >= 2


def test_a_paused_camera_is_stopped_and_said_to_be(desk: Desk) -> None:
    desk.reader.scripts = [script(times=100)]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.said("online"))
    paused = {"hk1.a": want("a", state="paused")}
    desk.reconcile_until(paused, lambda: desk.log.messages[-1].state == "paused" and desk.finished)
    last = desk.ends.get("hk1.a")
    assert last is not None
    assert last.cause == "maintenance"


def test_a_camera_that_another_replica_has_is_forgotten(desk: Desk) -> None:
    desk.reader.scripts = [script(times=100)]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.said("online"))
    desk.reconcile_until({}, lambda: desk.finished and desk.ends.get("hk1.a") is None)
    count = len(desk.log.messages)
    desk.board.publish()
    assert len(desk.log.messages) == count


def test_a_changed_source_is_opened_anew(desk: Desk) -> None:
    desk.reader.scripts = [script(times=100), script(times=100)]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.said("online"))
    source = msgspec.structs.replace(camera("a").source, url="rtsp://camera/2")
    desk.reconcile_until({"hk1.a": want("a", source=source)}, lambda: len(desk.reader.opened) == 2)
    assert desk.reader.opened[1].secret_url == "rtsp://camera/2"


def test_a_new_ownership_interrupts_nothing(desk: Desk) -> None:
    desk.reader.scripts = [script(frames=250, times=10)]
    desk.reconcile_until({"hk1.a": want("a")}, lambda: desk.live)
    later = {"hk1.a": replace(want("a"), epoch=200)}
    desk.reconcile_until(later, lambda: desk.live[-1].cut.epoch == 200)
    assert len(desk.reader.opened) == 1


def test_more_cameras_than_the_limit_are_refused_with_a_remedy(tmp_path: Path) -> None:
    desk = Desk(tmp_path, limit=1)
    wanted = {"hk1.a": want("a"), "hk1.b": want("b")}
    desk.reconcile_until(wanted, lambda: desk.said("offline"))
    refused = next(status for status in desk.log.messages if status.camera_id == "hk1.b")
    assert "full with 1 cameras" in refused.cause
    assert "add a replica" in refused.remedy
    desk.reconcile_until({"hk1.b": want("b")}, lambda: any("refused" in one.cause for one in desk.log.messages[-1:]))
    assert desk.fleet.stop(10) == 0


def test_a_camera_may_record_only_while_its_authority_holds() -> None:
    one = camera("a")
    assert idle_reason(one, one.authority.expires_at - 1) is None
    reason = idle_reason(one, one.authority.expires_at)
    assert reason is not None
    assert reason[0] == "authority-expired"


def test_a_status_is_said_on_a_change_and_after_its_time() -> None:
    clock, log = ManualClock(), Log()
    board = StatusBoard(log, clock, 60)
    board.set("hk1.a", "connecting")
    for _ in range(3):
        board.publish()
    assert [status.state for status in log.messages] == ["connecting"]
    board.set("hk1.a", "online")
    board.note("hk1.a", epoch=7, reconnects=2, clock_offset_us=-5)
    board.publish()
    clock.advance(59)
    board.publish()
    clock.advance(1)
    board.publish()
    states = [(status.state, status.epoch, status.clock_offset_us) for status in log.messages]
    assert states == [("connecting", 0, None), ("online", 7, -5), ("online", 7, -5)]
    assert log.messages[1].since == log.messages[2].since < log.messages[2].observed_at
