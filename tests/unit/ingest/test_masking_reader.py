"""The reader around a reader: what it hands on was masked, it never waits, and every end has its cause."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage.contracts.base import Origin, Place
from vantage.contracts.camera import Authority, Mask, Source
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.cutter import HOLE_S
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.masking import burnt, needs_burning, origin_of
from vantage_ingest.domain.nal import sets_in
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.masks import reader as module
from vantage_ingest.masks.backlog import Backlog
from vantage_ingest.masks.reader import MaskingConnection, MaskingReader
from vantage_ingest.ports import Sink, Target

from .mask_pictures import coded, mask, scene, shown, under

DEADLINE_S = 30.0


def camera(*masks: Mask) -> Camera:
    return Camera(
        camera_id="hk1.street",
        cell_id="hk1",
        revision=1,
        state="recording",
        name="street",
        source=Source(url="rtsp://127.0.0.1/street"),
        place=Place(latitude=22.3, longitude=114.2),
        authority=Authority(reference="order 17", expires_at=4_000_000_000_000_000),
        changed_at=1,
        masks=list(masks),
    )


class Inner:
    """A reader whose camera does what the test says."""

    def __init__(self) -> None:
        self.sink: Sink | None = None
        self.closed = 0
        self.lost_packets = 0

    def open(self, target: Target, sink: Sink) -> "Inner":
        self.sink = sink
        return self

    def close(self) -> None:
        self.closed += 1


class Taken:
    """The sink behind: what it was told, and in which threads."""

    def __init__(self) -> None:
        self.sets: list[ParameterSets] = []
        self.got: list[AccessUnit] = []
        self.ends: list[StreamEnded] = []
        self.threads: set[int] = set()

    def opened(self, sets: ParameterSets) -> None:
        self.threads.add(threading.get_ident())
        self.sets.append(sets)

    def units(self, units: Sequence[AccessUnit]) -> None:
        self.threads.add(threading.get_ident())
        self.got += units

    def ended(self, end: StreamEnded) -> None:
        self.threads.add(threading.get_ident())
        self.ends.append(end)


class Rig:
    """A masking connection on a loop that the test turns."""

    def __init__(self, loop: Loop, masks: Sequence[Mask]) -> None:
        self.loop = loop
        self.inner = Inner()
        self.sink = Taken()
        reader = MaskingReader(self.inner, camera(*masks), loop, SystemClock(), 23)
        self.connection: MaskingConnection = reader.open(Target("rtsp://127.0.0.1/street"), self.sink)

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come"
            self.loop.turn()


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop(SystemClock(), tick_s=0.001)
    yield loop
    loop.close()


@pytest.fixture
def rig(loop: Loop) -> Rig:
    return Rig(loop, [mask()])


def street(pictures: int = 30) -> list[AccessUnit]:
    return coded([scene(320, 192, number) for number in range(pictures)])


class TestAConnection:
    def test_hands_on_masked_pictures_in_the_loops_thread(self, rig: Rig) -> None:
        units = street()
        rig.connection.opened(sets_in("h264", units[0].nals))
        rig.connection.units(units[:20])
        rig.connection.units(units[20:])
        rig.until(lambda: len(rig.sink.got) == 30)
        assert rig.sink.sets == [ParameterSets("h264", (), ())]
        assert rig.sink.threads == {threading.get_ident()}
        assert [unit.pts for unit in rig.sink.got] == [unit.pts for unit in units]
        for luma, _, _ in shown(rig.sink.got):
            assert luma[under([mask()], 320, 192)].max() <= 19
        rig.connection.close()
        assert rig.inner.closed == 1

    def test_masks_what_waits_before_it_hands_on_the_end(self, rig: Rig) -> None:
        units = street()
        rig.connection.opened(sets_in("h264", units[0].nals))
        rig.connection.units(units)
        rig.connection.ended(StreamEnded(EndCause.STALLED, "nothing for 8 s"))
        rig.until(lambda: rig.sink.ends)
        assert len(rig.sink.got) == 30
        assert rig.sink.ends[0].cause is EndCause.STALLED

    def test_that_never_opened_ends_with_the_inner_cause(self, rig: Rig) -> None:
        rig.connection.ended(StreamEnded(EndCause.REFUSED, "401"))
        rig.until(lambda: rig.sink.ends)
        assert rig.sink.ends[0].cause is EndCause.REFUSED
        assert not rig.sink.sets

    def test_says_nothing_after_it_was_closed(self, rig: Rig) -> None:
        units = street()
        rig.connection.opened(sets_in("h264", units[0].nals))
        rig.loop.turn()
        rig.connection.units(units)
        rig.connection.close()
        rig.connection.close()
        before = len(rig.sink.got)
        thread = rig.connection._thread
        assert thread is not None
        thread.join(DEADLINE_S)
        for _ in range(5):
            rig.loop.turn()
        assert not thread.is_alive()
        assert len(rig.sink.got) == before
        assert not rig.sink.ends

    def test_ends_with_a_named_cause_where_the_masks_cannot_be_burnt_in(self, loop: Loop) -> None:
        rig = Rig(loop, [])
        units = street(3)
        rig.connection.opened(sets_in("h264", units[0].nals))
        rig.connection.units(units)
        rig.until(lambda: rig.sink.ends)
        assert rig.sink.ends[0].cause is EndCause.UNMASKABLE
        assert "0 masks" in str(rig.sink.ends[0])
        assert rig.sink.got == []
        rig.until(lambda: rig.inner.closed)

    def test_survives_an_error_of_its_own_as_an_end(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "Transcoder", lambda *_: int("no"))
        rig.connection.opened(ParameterSets("h264", (), ()))
        rig.until(lambda: rig.sink.ends)
        assert rig.sink.ends[0].cause is EndCause.FAILED

    def test_drops_to_the_next_keyframe_after_a_loss(self, rig: Rig) -> None:
        units = street(60)
        rig.connection.opened(sets_in("h264", units[0].nals))
        rig.connection.units(units[:10])
        rig.inner.lost_packets = 2
        rig.connection.units(units[10:])
        rig.until(lambda: len(rig.sink.got) == 45)
        assert rig.connection.lost_packets == 2
        assert [round((unit.pts or 0) / 3600) for unit in rig.sink.got] == [*range(10), *range(25, 60)]

    def test_gives_a_decoder_up_that_hangs(self, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
        go_on = threading.Event()

        class Hangs:
            dropped = skipped = 0

            def __init__(self, *_: object) -> None: ...

            def feed(self, _: AccessUnit) -> list[AccessUnit]:
                go_on.wait(DEADLINE_S)
                return []

        monkeypatch.setattr(module, "Transcoder", Hangs)
        monkeypatch.setattr(module, "_STUCK_S", -1.0)
        monkeypatch.setattr(module, "Backlog", lambda: Backlog(most_pictures=3))
        rig = Rig(loop, [mask()])
        rig.connection.opened(ParameterSets("h264", (), ()))
        units = street(30)
        try:
            rig.connection.units(units[:1])
            rig.until(lambda: rig.connection._working_since)
            rig.connection.units(units[1:])
            rig.until(lambda: rig.sink.ends)
        finally:
            go_on.set()
        assert rig.sink.ends[0].cause is EndCause.FAILED
        assert "one picture" in str(rig.sink.ends[0])

    def test_tells_the_notes_whose_pictures_its_thread_has(self, loop: Loop) -> None:
        inner, sink, noted = Inner(), Taken(), []

        class Notes:
            @contextmanager
            def thread(self, number: int) -> Iterator[None]:
                noted.append(number)
                yield

        reader = MaskingReader(inner, camera(mask()), loop, SystemClock(), 23, notes=Notes())
        connection = reader.open(Target("rtsp://127.0.0.1/street", number=17), sink)
        connection.opened(ParameterSets("h264", (), ()))
        deadline = time.monotonic() + DEADLINE_S
        while not noted and time.monotonic() < deadline:
            loop.turn()
        connection.close()
        assert noted == [17]


class TestTheBacklog:
    """Bounded; what is dropped is dropped from a picture up to a keyframe, and long enough to be a gap."""

    def test_drops_whole_groups_for_longer_than_a_hole(self) -> None:
        backlog = Backlog(most_pictures=10)
        units = street(150)
        taken: list[AccessUnit] = []
        for unit in units[:40]:
            backlog.offer(unit)
        feed = backlog.units()
        taken += [next(feed) for _ in range(10)]
        for unit in units[40:]:
            if backlog.offer(unit):
                taken.append(next(feed))
        pts = [unit.pts or 0 for unit in taken]
        assert pts[:10] == [unit.pts for unit in units[:10]]
        assert taken[10].keyframe
        assert (pts[10] - pts[9]) / 90_000 > HOLE_S
        assert pts[10:] == [unit.pts for unit in units[75:]]
        assert backlog.dropped == 65

    def test_resumes_only_where_half_of_the_room_is_free(self) -> None:
        backlog = Backlog(most_pictures=10)
        units = street(150)
        accepted = [backlog.offer(unit) for unit in units]
        assert accepted == [True] * 10 + [False] * 140

    def test_is_bounded_by_bytes_as_well(self) -> None:
        backlog = Backlog(most_bytes=1000)
        big = AccessUnit(0, keyframe=True, nals=(b"\x65" * 600,), arrived_us=0)
        assert [backlog.offer(big), backlog.offer(big)] == [True, False]

    def test_goes_on_at_the_next_keyframe_where_there_are_no_times(self) -> None:
        backlog = Backlog(most_pictures=4)
        units = [replace(unit, pts=None) for unit in street(60)]
        feed = backlog.units()
        for unit in units[:10]:
            backlog.offer(unit)
        for _ in range(4):
            next(feed)
        assert next(n for n, unit in enumerate(units[10:], 10) if backlog.offer(unit)) == 25

    def test_gives_what_waits_before_its_end_and_nothing_after_close(self) -> None:
        units = street(5)
        backlog = Backlog()
        for unit in units:
            backlog.offer(unit)
        backlog.end()
        assert list(backlog.units()) == units
        backlog.offer(units[0])
        backlog.close()
        assert list(backlog.units()) == []


class TestWhoCodes:
    """One mask that Vantage burns in makes Vantage the coder, and all masks are burnt."""

    def test_a_camera_that_masks_itself_stays_the_coder(self) -> None:
        itself = camera(mask(applied_by="camera"))
        assert not needs_burning(itself)
        assert origin_of(itself) == Origin()

    def test_one_mask_of_vantages_names_all(self) -> None:
        both = camera(mask(applied_by="camera"), mask(name="door"))
        assert needs_burning(both)
        assert origin_of(both) == Origin(coder="vantage", masks=["flats", "door"])

    def test_only_what_is_burnt_in_is_fixed_when_a_connection_opens(self) -> None:
        own, ours = mask(applied_by="camera"), mask(name="door")
        assert burnt(camera()) == burnt(camera(own)) == []
        assert burnt(camera(own, ours)) == [own, ours]
