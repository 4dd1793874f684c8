"""Who reads which camera: one worker at a time, the others told why not, a dangerous camera alone or not at all."""

from collections.abc import Mapping

import msgspec
import pytest

from vantage.contracts import CameraStatus, Message
from vantage.contracts.camera import Mask, Source
from vantage.errors import BrokerUnavailable
from vantage.testing import ManualClock
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.placement import Demand, Kind, Slot
from vantage_ingest.domain.quarantine import Quarantine
from vantage_ingest.domain.status import Condition
from vantage_ingest.fleet import Fleet, Orders, Place
from vantage_ingest.orders import News
from vantage_ingest.slots import needed
from vantage_ingest.standing import Standing, idle_reason

from .test_holdings import camera

REST_S, WINDOW_S = 900.0, 600.0


class Log:
    """The topic, in memory; it may be away."""

    def __init__(self) -> None:
        self.messages: list[CameraStatus] = []
        self.away = False
        self._queued: list[CameraStatus] = []

    def publish(self, topic: str, message: Message) -> None:
        assert topic == "camera-status.v1"
        assert isinstance(message, CameraStatus)
        self._queued.append(message)

    def flush(self) -> None:
        queued, self._queued = self._queued, []
        if self.away:
            msg = "away"
            raise BrokerUnavailable(msg)
        self.messages += queued


class Desk:
    """A fleet, its board, and workers that do at once what they are told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.log = Log()
        self.board = StatusBoard(self.log, self.clock, 60)
        self.forgotten: list[str] = []
        quarantine = Quarantine(strikes=3, window_s=WINDOW_S, rest_s=REST_S)
        self.fleet = Fleet(self.board, Standing(self.board, self.clock, quarantine), self.forgotten.append)
        self.slots = [
            Slot("reader-0", "reader", 3),
            Slot("reader-1", "reader", 3),
            Slot("ffmpeg-0", "ffmpeg", 3),
            Slot("mask-0", "mask", 3),
            Slot("alone-0", "alone", 1),
        ]
        self.done = dict.fromkeys((slot.name for slot in self.slots), 0)
        self.serial = 0

    def plan(self, *wants: Wanted, live: bool = True, follow: bool = True) -> Mapping[str, Orders]:
        """A plan, told to all workers, who follow it at once if they are to."""
        places = {slot.name: Place(slot, self.done[slot.name]) for slot in self.slots}
        wanted = {want.camera.camera_id: want for want in wants}
        orders = self.fleet.plan(self.fleet.demands(wanted), places, live=live)
        self.serial += 1
        for name in self.done:
            self.fleet.told(name, self.serial)
            if follow:
                self.done[name] = self.serial
        self.board.publish()
        return orders

    def crash(self, slot: str, culprit: int = 0) -> None:
        """The slot's worker dies and comes back."""
        self.fleet.crashed(slot, "signal SIGSEGV", culprit)
        self.done[slot] = 0

    def said(self, name: str) -> CameraStatus:
        return [one for one in self.log.messages if one.camera_id == f"hk1.{name}"][-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def want(name: str, *, live: bool = True, **changes: object) -> Wanted:
    return Wanted(msgspec.structs.replace(camera(name), **changes), partition=3, epoch=100, live=live)


def homes(orders: Mapping[str, Orders]) -> dict[str, str]:
    """The slot of each camera that is read."""
    return {duty.camera.name: slot for slot, order in orders.items() for duty in order.duties}


def source(**changes: object) -> Source:
    return msgspec.structs.replace(camera("a").source, **changes)


def mask(applied_by: str) -> Mask:
    return Mask(mask_id="m", polygon=[(0, 0), (9, 0), (9, 9)], applied_by=applied_by)  # type: ignore[arg-type]


def test_each_camera_is_read_by_the_kind_of_worker_that_it_needs(desk: Desk) -> None:
    orders = desk.plan(
        want("plain"),
        want("asked", source=source(reader="ffmpeg")),
        want("masked", masks=[mask("vantage")]),
        want("own-mask", masks=[mask("camera")]),
    )
    kinds = {name: slot.partition("-")[0] for name, slot in homes(orders).items()}
    assert kinds == {"plain": "reader", "asked": "ffmpeg", "masked": "mask", "own-mask": "reader"}
    readers = {duty.camera.name: duty.reader for order in orders.values() for duty in order.duties}
    assert readers == {"plain": "native", "asked": "ffmpeg", "masked": "masking", "own-mask": "native"}
    assert orders["mask-0"].duties[0].origin.masks == ["m"]


def test_a_camera_that_the_default_reader_cannot_do_goes_to_the_other_until_its_source_is_another(desk: Desk) -> None:
    slot = homes(desk.plan(want("a")))["a"]
    desk.fleet.took(News(unhandled={"hk1.a": "it wants multicast"}), slot)
    assert "a" not in homes(desk.plan(want("a"))), "its worker has not let go of it yet"
    orders = desk.plan(want("a"))
    assert homes(orders) == {"a": "ffmpeg-0"}
    assert "multicast" in str(orders["ffmpeg-0"].duties[0].before)
    changed = want("a", source=source(url="rtsp://camera/2"))
    desk.plan(changed)
    assert homes(desk.plan(changed))["a"].startswith("reader-")


def test_a_camera_whose_reader_is_asked_for_stays_with_it(desk: Desk) -> None:
    only = want("a", source=source(reader="native"))
    slot = homes(desk.plan(only))["a"]
    desk.fleet.took(News(unhandled={"hk1.a": "it wants multicast"}), slot)
    assert homes(desk.plan(only)) == {"a": slot}


def test_a_camera_is_in_one_worker_at_a_time(desk: Desk) -> None:
    slot = homes(desk.plan(want("a")))["a"]
    masked = want("a", masks=[mask("vantage")])
    for _ in range(3):
        orders = desk.plan(masked, follow=False)
        assert homes(orders) == {}
        assert "hk1.a" in orders[slot].leaving
    desk.plan(masked)
    assert homes(desk.plan(masked)) == {"a": "mask-0"}


def test_a_camera_that_leaves_a_worker_while_it_dies_waits_for_its_recovery(desk: Desk) -> None:
    slot = homes(desk.plan(want("a")))["a"]
    masked = want("a", masks=[mask("vantage")])
    desk.plan(masked, follow=False)
    desk.fleet.crashed(slot, "signal SIGKILL", 0)
    desk.done[slot] = -1
    assert homes(desk.plan(masked, follow=False)) == {}
    desk.done[slot] = 0
    assert homes(desk.plan(masked)) == {"a": "mask-0"}


def test_a_paused_camera_and_one_without_authority_are_let_go_and_said_to_be(desk: Desk) -> None:
    slot = homes(desk.plan(want("a"), want("b")))["a"]
    expired = msgspec.structs.replace(camera("b").authority, expires_at=1)
    orders = desk.plan(want("a", state="paused"), want("b", authority=expired))
    assert homes(orders) == {}
    assert orders[slot].leaving["hk1.a"].cause == "maintenance"
    assert [desk.said("a").state, desk.said("b").state] == ["paused", "paused"]
    assert "authority 'order' has ended" in desk.said("b").cause
    assert homes(desk.plan(want("a")))["a"]


def test_a_camera_that_another_replica_has_is_let_go_and_forgotten_when_its_worker_let_go(desk: Desk) -> None:
    slot = homes(desk.plan(want("a")))["a"]
    orders = desk.plan(follow=False)
    assert orders[slot].leaving["hk1.a"].cause == "handover"
    assert desk.forgotten == []
    desk.plan()
    desk.plan()
    assert desk.forgotten == ["hk1.a"]


def test_what_is_handed_over_is_read_on_and_neither_shown_nor_spoken_of(desk: Desk) -> None:
    slot = homes(desk.plan(want("a")))["a"]
    orders = desk.plan(want("a", live=False))
    assert [duty.live for duty in orders[slot].duties] == [False]
    count = len(desk.log.messages)
    desk.fleet.took(News(conditions=[Condition("hk1.a", "online", 5)]), slot)
    desk.plan(want("a", live=False))
    assert len(desk.log.messages) == count


def test_a_replica_that_may_not_speak_shows_nothing_and_says_nothing(desk: Desk) -> None:
    desk.board.fenced = True
    orders = desk.plan(want("a"), want("paused", state="paused"), live=False)
    assert [duty.live for order in orders.values() for duty in order.duties] == [False]
    assert desk.log.messages == []
    desk.board.fenced = False
    desk.plan(want("a"), want("paused", state="paused"))
    assert desk.said("paused").state == "paused"


def test_more_cameras_than_there_is_room_for_are_refused_with_a_remedy(desk: Desk) -> None:
    orders = desk.plan(*(want(f"c{number}") for number in range(8)))
    assert len(homes(orders)) == 6
    refused = [one for one in desk.log.messages if one.state == "offline"]
    assert len(refused) == 2
    assert "full" in refused[0].cause
    assert "VANTAGE_INGEST_WORKERS" in refused[0].remedy


def test_a_crash_is_told_of_each_camera_that_it_hit_and_is_the_cause_of_its_gap(desk: Desk) -> None:
    orders = desk.plan(want("a"))
    slot = homes(orders)["a"]
    desk.crash(slot)
    orders = desk.plan(want("a"))
    before = orders[slot].duties[0].before
    assert before is not None
    assert before.cause == "worker-crashed"
    assert "SIGSEGV" in desk.said("a").cause
    desk.fleet.took(News(conditions=[Condition("hk1.a", "online", 5)]), slot)
    desk.plan(want("a"))
    assert desk.said("a").state == "online"


def test_a_camera_that_ends_its_process_three_times_is_set_apart_and_its_neighbours_are_read_on(desk: Desk) -> None:
    wants = [want("bad"), want("good")]
    for strike in range(3):
        orders = desk.plan(*wants)
        assert homes(orders).keys() == {"bad", "good"}, strike
        duty = next(one for order in orders.values() for one in order.duties if one.camera.name == "bad")
        desk.crash(homes(orders)["bad"], duty.number)
        desk.clock.advance(10)
    orders = desk.plan(*wants)
    assert homes(orders).keys() == {"good"}
    assert desk.said("bad").state == "quarantined"
    assert "15 minutes" in desk.said("bad").cause

    desk.clock.advance(REST_S)
    desk.plan(*wants)
    orders = desk.plan(*wants)
    assert homes(orders)["bad"] == "alone-0"
    before = orders["alone-0"].duties[0].before
    assert before is not None
    assert before.cause == "camera-quarantined"
    assert orders["alone-0"].duties[0].reader == "native"
    desk.clock.advance(WINDOW_S)
    desk.plan(*wants)
    assert homes(desk.plan(*wants))["bad"].startswith("reader-")


def test_a_camera_that_crashes_alone_rests_again_and_a_changed_source_is_tried_at_once(desk: Desk) -> None:
    number = desk.plan(want("bad"))["reader-0"].duties[0].number
    for _ in range(3):
        desk.crash("reader-0", number)
    desk.plan(want("bad"))
    desk.clock.advance(REST_S)
    assert homes(desk.plan(want("bad")))["bad"] == "alone-0"
    desk.crash("alone-0", number)
    assert homes(desk.plan(want("bad"))) == {}
    changed = want("bad", source=source(url="rtsp://camera/2"))
    desk.plan(changed)
    assert homes(desk.plan(changed))["bad"].startswith("reader-")


def test_what_has_not_changed_is_the_same_order_so_that_nobody_is_told_twice(desk: Desk) -> None:
    wants = [want("a"), want("b")]
    first, second = desk.plan(*wants), desk.plan(*wants)
    assert {name: order.duties for name, order in first.items()} == {
        name: order.duties for name, order in second.items()
    }


def test_slots_on_demand_are_made_as_they_are_needed_and_those_in_use_stay() -> None:
    def names(demand: int, in_use: list[str]) -> list[str]:
        return [slot.name for slot in needed("ffmpeg", demand, in_use, capacity=10, most=3)]

    assert names(0, []) == []
    assert names(1, []) == ["ffmpeg-0"]
    assert names(11, ["ffmpeg-1"]) == ["ffmpeg-0", "ffmpeg-1"]
    assert names(100, []) == ["ffmpeg-0", "ffmpeg-1", "ffmpeg-2"]
    assert names(0, ["ffmpeg-2"]) == ["ffmpeg-2"]


def test_a_camera_may_record_only_while_its_authority_holds() -> None:
    one = camera("a")
    assert idle_reason(one, one.authority.expires_at - 1) is None
    reason = idle_reason(one, one.authority.expires_at)
    assert reason is not None
    assert reason.cause == "authority-expired"


def test_a_demand_is_of_the_partition_that_its_camera_stands_in(desk: Desk) -> None:
    kind: Kind = "reader"
    assert desk.fleet.demands({"hk1.a": want("a")}) == {"hk1.a": Demand(3, kind)}


def test_a_status_is_said_on_a_change_and_after_its_time_and_again_where_it_was_not_delivered() -> None:
    clock, log = ManualClock(), Log()
    board = StatusBoard(log, clock, 60)
    board.set("hk1.a", "connecting")
    log.away = True
    board.publish()
    log.away = False
    for _ in range(3):
        board.publish()
    assert [status.state for status in log.messages] == ["connecting"]
    board.took([Condition("hk1.a", "online", clock.now_us(), clock_offset_us=-5, epoch=7, lost_packets=3)])
    board.publish()
    clock.advance(59)
    board.publish()
    clock.advance(1)
    board.publish()
    states = [(one.state, one.epoch, one.clock_offset_us, one.lost_packets) for one in log.messages]
    assert states == [("connecting", 0, None, 0), ("online", 7, -5, 3), ("online", 7, -5, 3)]
    assert log.messages[1].since == log.messages[2].since < log.messages[2].observed_at
    board.forget("hk1.a")
    clock.advance(61)
    board.publish()
    assert len(log.messages) == 3
