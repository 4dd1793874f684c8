"""One camera in a worker: recorded, shown, opened again after each end, and told about; its faults are its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage.contracts.base import StreamName
from vantage.contracts.camera import Mask
from vantage.contracts.status import Shed
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.camera_task import CameraTask
from vantage_ingest.conditions import Conditions
from vantage_ingest.crew import Crew
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.backoff import Attempts, Backoff
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.domain.status import Condition
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.orders import Duties, Duty, Why
from vantage_ingest.ports import Sink, Target
from vantage_ingest.recorder import Recorder
from vantage_ingest.surroundings import Surroundings

from .conftest import coded
from .test_holdings import camera

DEADLINE_S = 20.0
Step = AccessUnit | Exception
Script = list[Step]
ENDED = StreamEnded(EndCause.ENDED, "the script is over")


@dataclass
class FakeConnection:
    """Plays a script into a sink, a few pictures a turn of the loop."""

    loop: Loop
    sink: Sink
    script: Script
    lost_packets: int = 0
    closed: bool = False

    def begin(self) -> None:
        if not self.closed:
            self.sink.opened(ParameterSets("h264", (), ()))
            self.loop.call_soon(self.turn)

    def turn(self) -> None:
        if self.closed:
            return
        units: list[AccessUnit] = []
        while self.script and len(units) < 10 and isinstance(self.script[0], AccessUnit):
            units.append(self.script.pop(0))  # type: ignore[arg-type]
        if units:
            self.sink.units(units)
        elif not self.script or isinstance(self.script[0], Exception):
            end = self.script.pop(0) if self.script else ENDED
            assert isinstance(end, StreamEnded)
            self.sink.ended(end)
        if not self.closed:
            self.loop.call_soon(self.turn)

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeReader:
    """A camera that gives one script a connection, by its url; then it is unreachable."""

    loop: Loop
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    opened: list[Target] = field(default_factory=list)
    connections: list[FakeConnection] = field(default_factory=list)
    losing: int = 0

    def open(self, target: Target, sink: Sink) -> FakeConnection:
        self.opened.append(target)
        scripts = self.scripts.get(target.url, [])
        connection = FakeConnection(self.loop, sink, scripts.pop(0) if scripts else [], self.losing)
        self.connections.append(connection)
        if connection.script:
            self.loop.call_soon(connection.begin)
        else:
            self.loop.call_soon(lambda: sink.ended(StreamEnded(EndCause.UNREACHABLE, "connection refused")))
        return connection


class Desk:
    """A crew on fake cameras, with a real loop, spool and disk."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.loop = Loop(self.clock, tick_s=0.001)
        self.reader = FakeReader(self.loop)
        self.conditions = Conditions(self.clock)
        self.spool = Spool(folder / "spool", 1 << 22)
        self.ends = Ends(folder / "ends")
        self.finished: list[Finished] = []
        self.live: list[LiveFragment] = []
        self.sampled: list[str] = []
        self.unhandled: dict[str, str] = {}
        self.told: list[Condition] = []
        self.epoch = 1_000
        around = Surroundings(
            loop=self.loop,
            reader=lambda _duty: self.reader,
            target=self._target,
            live=self.live.append,
            sample=self._sample,
            shed=lambda _camera_id: Shed(main=2),
            recorder=lambda duty: Recorder(
                duty.camera.camera_id, self.spool, self.ends, self.finished.append, seconds=60
            ),
            statuses=self.conditions,
            unhandled=self.unhandled.__setitem__,
            backoff=lambda: Backoff(0.01, 0.05, lambda: 0.0),
            attempts=Attempts(1000, 10),
            new_epoch=self._new_epoch,
            clock=self.clock,
            trust_us=60_000_000,
        )
        self.crew = Crew(lambda duty: CameraTask(duty, around))

    def _target(self, one: Camera, stream: StreamName) -> Target:
        url = one.source.sub_url if stream == "sub" else one.source.url
        assert url is not None
        return Target(url)

    def _sample(self, one: Camera, _cut: Cut, stream: StreamName) -> None:
        self.sampled.append(f"{one.name} {stream}")

    def _new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def follow(self, *duties: Duty, leaving: dict[str, Why] | None = None) -> None:
        self.crew.follow(Duties(serial=1, duties=list(duties), leaving=leaving or {}, spool_bytes=1 << 22))

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline
            self.loop.turn()
            self.told += self.conditions.take()

    def state(self) -> str:
        return self.told[-1].state if self.told else ""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.crew.stop(Why())
    made.loop.close()


def script(*end: StreamEnded, frames: int = 60) -> Script:
    return [*coded("h264", frames=frames), *end]


def duty(name: str = "a", *, epoch: int = 100, live: bool = True, reader: str = "native", **changes: object) -> Duty:
    one = msgspec.structs.replace(camera(name), **changes)
    return Duty(camera=one, partition=3, epoch=epoch, number=1, reader=reader, live=live)  # type: ignore[arg-type]


URL, SUB = "rtsp://camera/1", "rtsp://camera/2"


def pictures(fragments: Sequence[LiveFragment]) -> int:
    return sum(len(one.cut.frames) for one in fragments)


def test_each_end_is_told_with_its_cause_and_the_pictures_before_it_are_kept(desk: Desk) -> None:
    desk.reader.scripts[URL] = [script(StreamEnded(EndCause.STALLED, "nothing for 8 s"))]
    desk.follow(duty())
    desk.until(lambda: desk.state() == "offline")
    assert [one.state for one in desk.told[:2]] == ["connecting", "online"]
    assert pictures(desk.live) == 60
    assert [entry.range.sha256 for one in desk.finished for entry in one.entries] == [
        one.cut.sha256 for one in desk.live
    ]
    last = desk.ends.get("hk1.a")
    assert last is not None
    assert last.cause == "stream-stalled"
    assert desk.reader.connections[0].closed


def test_a_camera_that_comes_back_is_recorded_on_with_its_figures(desk: Desk) -> None:
    desk.reader.scripts[URL] = [script(ENDED), script(ENDED)]
    desk.follow(duty())
    desk.until(lambda: len(desk.reader.opened) >= 3)
    assert pictures(desk.live) == 120
    assert {one.cut.epoch for one in desk.live} == {1_001}
    assert [one.cut.sequence for one in desk.live] == list(range(len(desk.live)))
    online = [one for one in desk.told if one.state == "online"][-1]
    assert (online.reader, online.shed.main, online.clock_quality) == ("native", 2, "estimated")


def test_packets_that_never_came_are_counted_once_over_all_connections(desk: Desk) -> None:
    before = REGISTRY.get_sample_value("vantage_ingest_lost_packets_total") or 0.0
    desk.reader.scripts[URL] = [script(ENDED), script(ENDED)]
    desk.reader.losing = 3
    desk.follow(duty())
    desk.until(lambda: len(desk.reader.opened) >= 3)
    assert (REGISTRY.get_sample_value("vantage_ingest_lost_packets_total") or 0.0) - before == 6
    assert [one for one in desk.told if one.state == "online"][-1].lost_packets == 6


def test_an_error_that_nobody_thought_of_ends_one_connection_only(desk: Desk) -> None:
    broken: Script = script()
    broken[30] = msgspec.structs.replace(broken[30], nals=None)  # type: ignore[type-var]
    desk.reader.scripts[URL] = [broken, script()]
    desk.follow(duty())
    desk.until(lambda: len(desk.reader.opened) >= 2 and desk.state() == "online")
    assert any("not known" in one.cause for one in desk.told)
    assert desk.reader.connections[0].closed


def test_a_target_that_cannot_be_made_is_an_end_like_others(desk: Desk) -> None:
    desk.follow(duty(source=msgspec.structs.replace(camera("a").source, url=SUB)))
    desk.until(lambda: len(desk.reader.opened) >= 3)
    assert desk.state() == "offline"


def test_the_smaller_stream_is_shown_and_never_recorded_and_its_loss_is_no_state(desk: Desk) -> None:
    source = msgspec.structs.replace(camera("a").source, sub_url=SUB)
    desk.reader.scripts = {URL: [script(frames=250)], SUB: [script(ENDED)]}
    desk.follow(duty(source=source))
    desk.until(lambda: sum(target.url == SUB for target in desk.reader.opened) >= 2)
    assert {one.stream for one in desk.live} == {"main", "sub"}
    assert desk.state() != "offline"
    desk.follow()
    recorded = {entry.range.sha256 for one in desk.finished for entry in one.entries}
    assert recorded == {one.cut.sha256 for one in desk.live if one.stream == "main"}
    assert sum(len(one.entries) for one in desk.finished) == sum(one.stream == "main" for one in desk.live)


def test_what_may_not_be_shown_is_recorded_under_the_epoch_that_gives_way(desk: Desk) -> None:
    desk.reader.scripts[URL] = [script(ENDED)]
    desk.follow(duty(live=False))
    desk.until(lambda: desk.finished)
    assert desk.live == []
    assert desk.finished[0].head.epoch == 100


def test_a_new_ownership_interrupts_nothing(desk: Desk) -> None:
    desk.reader.scripts[URL] = [script(frames=250)]
    desk.follow(duty())
    desk.until(lambda: desk.live)
    desk.follow(duty(epoch=5_000))
    desk.until(lambda: desk.live[-1].cut.epoch == 5_000)
    assert len(desk.reader.opened) == 1


def test_a_changed_source_is_opened_anew_under_a_higher_epoch(desk: Desk) -> None:
    desk.reader.scripts = {URL: [script(frames=250)], SUB: [script()]}
    desk.follow(duty())
    desk.until(lambda: desk.live)
    first = desk.live[-1].cut.epoch
    desk.follow(duty(source=msgspec.structs.replace(camera("a").source, url=SUB)))
    count = len(desk.live)
    desk.until(lambda: len(desk.live) > count)
    assert desk.reader.opened[-1].url == SUB
    assert desk.live[-1].cut.epoch > first
    assert desk.reader.connections[0].closed


def test_what_is_let_go_is_finished_with_the_reason_for_its_gap(desk: Desk) -> None:
    desk.reader.scripts[URL] = [script(frames=250)]
    desk.follow(duty())
    desk.until(lambda: desk.live)
    desk.follow(leaving={"hk1.a": Why(cause="maintenance", detail="paused")})
    assert len(desk.crew) == 0
    last = desk.ends.get("hk1.a")
    assert last is not None
    assert (last.cause, last.end) == ("maintenance", desk.finished[-1].end)
    count = len(desk.live)
    for _ in range(20):
        desk.loop.turn()
    assert len(desk.live) == count


def test_what_the_default_reader_cannot_do_is_asked_of_the_other(desk: Desk) -> None:
    desk.reader.scripts[URL] = [[StreamEnded(EndCause.NOT_HANDLED, "it wants multicast")]]
    desk.follow(duty())
    desk.until(lambda: desk.unhandled)
    assert desk.unhandled == {"hk1.a": "it wants multicast"}


def test_blackened_pictures_say_who_coded_them_and_masks_are_sampled(desk: Desk) -> None:
    mask = Mask(mask_id="window", polygon=[(0, 0), (9, 0), (9, 9)], applied_by="vantage")
    desk.reader.scripts[URL] = [script(ENDED)]
    desk.follow(duty(reader="masking", masks=[mask]))
    desk.until(lambda: desk.finished)
    assert {(one.origin.coder, tuple(one.origin.masks)) for one in desk.live} == {("vantage", ("window",))}
    assert desk.sampled[0] == "a main"


def test_why_it_was_gone_is_known_to_the_first_recording_of_a_new_process(desk: Desk) -> None:
    desk.ends.later("hk1.a", 1)
    desk.ends.explain("hk1.a", Why(cause="worker-crashed", detail="signal SIGSEGV"))
    desk.reader.scripts[URL] = [script(ENDED)]
    desk.follow(duty())
    desk.until(lambda: desk.finished)
    gap = desk.finished[0].head.gap_before
    assert gap is not None
    assert (gap.start, gap.cause, gap.detail) == (1, "worker-crashed", "signal SIGSEGV")
