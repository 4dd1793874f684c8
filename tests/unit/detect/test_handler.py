"""Each fragment of a batch gets one answer, however often it is asked for and whatever happens to its neighbours."""

from collections.abc import Iterator, Sequence
from threading import Event

import pytest
from msgspec.structs import replace

from tests.unit.detect.conftest import INIT, SECOND, START, MakeFragment, media
from vantage.clock import ManualClock
from vantage.contracts import Camera, Detections, Fragment, Message, Track
from vantage.contracts.base import Place
from vantage.contracts.camera import Analysis, Authority, Source
from vantage.errors import StoreUnavailable
from vantage.stream import Outgoing, Poison, Received
from vantage.testing import MemoryObjectStore
from vantage_detect.adapters.desired import DesiredRates
from vantage_detect.adapters.packs import Packs
from vantage_detect.analyser import Look, Looked
from vantage_detect.domain.candidates import Sighting
from vantage_detect.domain.freshness import Freshness
from vantage_detect.errors import Stopping, Unusable
from vantage_detect.following import Following
from vantage_detect.handler import DetectHandler
from vantage_detect.looker import Looker

DIGEST = "d" * 64
WALKER = Sighting("person", 0.8, (20_000, 20_000, 23_000, 32_000))
SHADOW = Sighting("person", 0.3, (50_000, 20_000, 53_000, 32_000))


class Eyes:
    """Sees a person who stands still, and something unsure, in every frame; counts how often it looked."""

    def __init__(self) -> None:
        self.looked: list[str] = []
        self.blind_to: set[int] = set()

    def digest_for(self, _fragment: Fragment) -> str:
        return DIGEST

    def look(self, data: bytes, fragment: Fragment, wanted: Sequence[int]) -> Looked:
        assert data == INIT + media(fragment.sequence)
        self.looked.append(fragment.fragment_id)
        if fragment.sequence in self.blind_to:
            msg = "no video"
            raise Unusable(msg)
        looks = [Look(fragment.start + fragment.frames[index].after_us, [WALKER, SHADOW]) for index in wanted]
        return Looked(DIGEST, looks, 0)


class Bench:
    """The handler on a store in memory, a clock that stands still, and such eyes."""

    def __init__(self, make: MakeFragment) -> None:
        self.make = make
        self.clock = ManualClock(START)
        self.store = MemoryObjectStore()
        self.store.ensure_bucket("live")
        self.eyes = Eyes()
        self.stop = Event()
        self.cameras: dict[str, Camera] = {}
        self.packs = Packs(self.store)
        freshness = Freshness(2 * SECOND, 4 * SECOND)
        rates = DesiredRates(self.cameras, 5.0)
        self.following = Following(2 * SECOND, self.clock)
        looker = Looker(self.packs, self.eyes, rates, freshness=freshness, clock=self.clock, stop=self.stop)
        self.handler = DetectHandler(looker, self.following)
        self.handler.assigned("fragments.v1", [0, 1])

    def receive(
        self, sequence: int, *, offset: int | None = None, partition: int = 0, **more: object
    ) -> Received[Fragment]:
        """A fragment whose pack is in the store, as the loop hands it over."""
        camera, epoch = str(more.get("camera", "hk1.a")), more.get("epoch", 7)
        fragment = self.make(sequence, pack=f"{camera}-{epoch}-{sequence}", **more)
        self.store.put("live", fragment.pack, INIT + media(sequence))
        place = sequence if offset is None else offset
        return Received(fragment, "fragments.v1", partition, place, fragment.camera_id, fragment.start + SECOND)

    def handle(self, *batch: Received[Fragment]) -> list[Message]:
        return messages(self.handler.handle(batch))


def messages(outgoing: object) -> list[Message]:
    return [one.message for one in outgoing if isinstance(one, Outgoing)]  # type: ignore[attr-defined]


def detections(found: Sequence[Message]) -> list[Detections]:
    return [one for one in found if isinstance(one, Detections)]


def tracks(found: Sequence[Message]) -> list[Track]:
    return [one for one in found if isinstance(one, Track)]


def camera(state: str, rate: float = 5.0, sub_url: str | None = None) -> Camera:
    return Camera(
        camera_id="hk1.a",
        cell_id="hk1",
        revision=1,
        state=state,  # type: ignore[arg-type]
        name="A",
        source=Source(url="rtsp://127.0.0.1/a", sub_url=sub_url),
        place=Place(latitude=22.3, longitude=114.2),
        authority=Authority(reference="r", expires_at=1),
        analysis=Analysis(detections_per_second=rate),
        changed_at=1,
    )


@pytest.fixture
def bench(make_fragment: MakeFragment) -> Iterator[Bench]:
    bench = Bench(make_fragment)
    yield bench
    bench.packs.stop()


class TestSaying:
    def test_a_message_a_fragment_with_sure_sightings_and_their_tracks(self, bench: Bench) -> None:
        first, second = detections(bench.handle(bench.receive(0), bench.receive(1)))
        assert [len(frame.objects) for frame in first.frames] == [1] * 5
        assert [frame.objects[0].track for frame in first.frames] == [None, 1, 1, 1, 1]
        assert [frame.objects[0].track for frame in second.frames] == [1] * 5
        assert (first.frames[1].at, first.frames[1].objects[0].score) == (START + 200_000, 204)
        assert (first.detector, first.model_digest, first.skipped) == ("nanodet", DIGEST, 0)

    @pytest.mark.parametrize(("sub_url", "looked"), [(None, ["main"]), ("rtsp://127.0.0.1/b", ["sub"])])
    def test_the_smaller_stream_is_looked_at_where_there_is_one(
        self, bench: Bench, sub_url: str | None, looked: list[str]
    ) -> None:
        bench.cameras["hk1.a"] = camera("recording", sub_url=sub_url)
        streams = {"main": bench.receive(0), "sub": bench.receive(0, offset=1, stream="sub")}
        bench.handle(*streams.values())
        assert bench.eyes.looked == [streams[name].message.fragment_id for name in looked]

    def test_an_unknown_camera_is_looked_at_by_default(self, bench: Bench) -> None:
        assert len(detections(bench.handle(bench.receive(0)))[0].frames) == 5

    def test_the_scheme_says_how_often(self, bench: Bench) -> None:
        bench.cameras["hk1.a"] = camera("recording", rate=1)
        assert len(detections(bench.handle(bench.receive(0)))[0].frames) == 1

    @pytest.mark.parametrize("wish", [camera("paused"), camera("retired"), camera("recording", rate=0)])
    def test_a_camera_that_is_switched_off_is_left_alone_and_its_tracks_end(self, bench: Bench, wish: Camera) -> None:
        bench.handle(bench.receive(0))
        bench.cameras["hk1.a"] = wish
        found = bench.handle(bench.receive(1))
        assert detections(found) == []
        assert [track.number for track in tracks(found)] == [1]
        assert len(bench.eyes.looked) == 1


class TestAskedAgain:
    def test_the_same_batch_has_the_same_answer_and_is_looked_at_once(self, bench: Bench) -> None:
        batch = [bench.receive(0), bench.receive(1)]
        assert bench.handle(*batch) == bench.handle(*batch)
        assert len(bench.eyes.looked) == 2

    def test_its_halves_have_the_same_answers(self, bench: Bench) -> None:
        batch = [bench.receive(number) for number in range(4)]
        whole = bench.handle(*batch)
        assert bench.handle(*batch[:2]) + bench.handle(*batch[2:]) == whole

    def test_a_fragment_announced_twice_is_said_once_and_disturbs_no_track(self, bench: Bench) -> None:
        found = bench.handle(bench.receive(0), bench.receive(1), bench.receive(0, offset=2), bench.receive(2, offset=3))
        assert [one.fragment_id for one in detections(found)] == [bench.make(number).fragment_id for number in range(3)]
        assert {seen.track for one in detections(found)[1:] for frame in one.frames for seen in frame.objects} == {1}

    def test_an_earlier_owner_that_is_late_is_not_heard(self, bench: Bench) -> None:
        found = bench.handle(bench.receive(0, epoch=8), bench.receive(5, epoch=7))
        assert [one.epoch for one in detections(found)] == [8]

    def test_answers_are_forgotten_when_the_partition_goes_on(self, bench: Bench) -> None:
        for number in range(50):
            bench.handle(bench.receive(number))
        assert len(bench.following._answers) == 1


class TestFaults:
    def test_a_poisoned_neighbour_costs_no_second_look(self, bench: Bench) -> None:
        bench.eyes.blind_to = {1}
        batch = [bench.receive(0), bench.receive(1), bench.receive(2)]
        with pytest.raises(Poison, match="no video") as poison:
            bench.handle(*batch)
        assert poison.value.received is batch[1]
        found = bench.handle(batch[0], batch[2])
        assert len(detections(found)) == 2
        assert len(bench.eyes.looked) == len(set(bench.eyes.looked)) == 3

    def test_bytes_that_are_not_what_the_message_says_are_poison(self, bench: Bench) -> None:
        received = bench.receive(0)
        bench.store.put("live", received.message.pack, INIT + media(1))
        with pytest.raises(Poison, match=r"SHA-256 \w{64}"):
            bench.handle(received)
        assert bench.eyes.looked == []

    def test_an_expired_pack_is_skipped_looks(self, bench: Bench) -> None:
        received = bench.receive(0)
        bench.store.delete("live", received.message.pack)
        (said,) = detections(bench.handle(received))
        assert (said.frames, said.skipped) == ([], 5)

    def test_a_stop_within_a_batch_says_nothing_of_it(self, bench: Bench) -> None:
        see = bench.eyes.look

        def last_look(data: bytes, fragment: Fragment, wanted: Sequence[int]) -> Looked:
            bench.stop.set()
            return see(data, fragment, wanted)

        bench.eyes.look = last_look  # type: ignore[method-assign]
        batch = [bench.receive(number) for number in range(3)]
        with pytest.raises(Stopping):
            bench.handle(*batch)
        assert len(bench.eyes.looked) == 1
        assert bench.following.last() == {}

    def test_a_store_that_is_away_changes_nothing(self, bench: Bench) -> None:
        batch = [bench.receive(0), bench.receive(1)]
        bench.store.away = True
        with pytest.raises(StoreUnavailable):
            bench.handle(*batch)
        bench.store.away = False
        assert [len(one.frames) for one in detections(bench.handle(*batch))] == [5, 5]


class TestFreshness:
    def test_behind_the_newest_is_looked_at_and_the_others_count_as_skipped(self, bench: Bench) -> None:
        bench.clock.advance(60)
        found = detections(bench.handle(*[bench.receive(number) for number in range(4)]))
        assert [(len(one.frames), one.skipped) for one in found] == [(0, 5), (0, 5), (0, 5), (5, 0)]

    def test_when_a_batch_takes_too_long_the_cameras_take_turns(self, bench: Bench) -> None:
        bench.clock.advance(60)
        see = bench.eyes.look

        def slowly(data: bytes, fragment: Fragment, wanted: Sequence[int]) -> Looked:
            bench.clock.advance(3)
            return see(data, fragment, wanted)

        bench.eyes.look = slowly  # type: ignore[method-assign]
        cameras = ["hk1.a", "hk1.b", "hk1.c", "hk1.d"]
        looked = []
        for turn in range(2):
            batch = [bench.receive(turn, offset=turn * 4 + place, camera=name) for place, name in enumerate(cameras)]
            looked += [one.camera_id for one in detections(bench.handle(*batch)) if one.frames]
        assert looked == cameras


class TestLettingGo:
    def test_a_new_epoch_ends_the_tracks_and_begins_at_one(self, bench: Bench) -> None:
        bench.handle(bench.receive(0))
        found = bench.handle(bench.receive(0, offset=1, epoch=8))
        assert [(track.epoch, track.number) for track in tracks(found)] == [(7, 1)]
        assert detections(found)[0].frames[1].objects[0].track == 1

    def test_a_revoked_partition_hands_its_tracks_over(self, bench: Bench) -> None:
        bench.handle(bench.receive(0), bench.receive(0, camera="hk1.b", partition=1))
        found = tracks(messages(bench.handler.revoked("fragments.v1", [0])))
        assert [(track.camera_id, track.ended, track.observations) for track in found] == [("hk1.a", "handover", 5)]
        assert list(bench.following.last()) == ["hk1.b"]

    def test_messages_of_a_partition_that_is_anothers_are_not_said(self, bench: Bench) -> None:
        bench.handler.revoked("fragments.v1", [0])
        assert bench.handle(bench.receive(0)) == []

    def test_who_takes_over_within_an_epoch_uses_no_number_again(self, bench: Bench) -> None:
        bench.handle(bench.receive(0))
        bench.handler.revoked("fragments.v1", [0])
        bench.handler.assigned("fragments.v1", [0])
        (said,) = detections(bench.handle(bench.receive(1)))
        assert said.frames[1].objects[0].track == 1001

    def test_the_tracks_of_a_camera_that_sends_no_more_end(self, bench: Bench) -> None:
        bench.handle(bench.receive(0))
        assert messages(bench.handler.idle()) == []
        bench.clock.advance(11)
        assert [track.number for track in tracks(messages(bench.handler.idle()))] == [1]
        assert bench.following.last() == {}

    def test_a_gap_longer_than_a_track_lives_ends_it(self, bench: Bench) -> None:
        bench.handle(bench.receive(0))
        found = tracks(bench.handle(bench.receive(10)))
        assert [(track.number, track.end) for track in found] == [(1, START + 800_000)]

    def test_a_track_has_the_same_id_at_a_replay_and_another_start_another(self, bench: Bench) -> None:
        batch = [bench.receive(0), bench.receive(10)]
        one, again = tracks(bench.handle(*batch)), tracks(bench.handle(*batch))
        assert [track.track_id for track in one] == [track.track_id for track in again]
        later = replace(one[0], start=1)
        assert later.track_id == one[0].track_id != tracks(bench.handle(bench.receive(30)))[0].track_id
