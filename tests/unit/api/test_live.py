"""A camera's sliding playlist: in order, each fragment once, numbers that never fall behind, breaks where they are."""

import re
from dataclasses import dataclass, replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts import Fragment, encode
from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage.testing import ManualClock
from vantage_api.adapters.live_topic import LiveFollower
from vantage_api.domain.live import KEPT, SHOWN, LiveCamera, LiveFragment

S = 1_000_000
START = 1_790_000_000 * S


def fragment(sequence: int, *, epoch: int = 7, at: float | None = None, **more: object) -> LiveFragment:
    start = START + round((sequence if at is None else at) * S)
    made = LiveFragment(
        fragment_id=f"frg_{epoch}_{sequence}",
        epoch=epoch,
        sequence=sequence,
        start_us=start,
        duration_us=S,
        picture=("avc1.42C00D", 320, 180, 700),
        bucket="live",
        pack="p",
        offset=0,
        length=1000,
        init_length=700,
        sha256="",
        broken=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def camera(*fragments: LiveFragment) -> LiveCamera:
    made = LiveCamera()
    for one in fragments:
        made.add(one)
    return made


def names(text: str) -> list[str]:
    return [line.removeprefix("segments/").removesuffix(".m4s") for line in text.splitlines() if line[0] != "#"]


def tag(text: str, name: str) -> int:
    found = re.search(rf"^#{name}:(\d+)$", text, re.MULTILINE)
    assert found
    return int(found[1])


class TestOrder:
    def test_a_copy_and_an_epoch_that_is_over_are_not_taken(self) -> None:
        made = camera(fragment(0), fragment(1))
        assert not made.add(fragment(1))
        assert not made.add(fragment(0))
        assert made.add(fragment(0, epoch=8, at=2))
        assert not made.add(fragment(2))
        assert names(made.playlist()) == ["frg_8_0"]
        assert made.find("frg_7_1") is not None

    def test_the_oldest_make_room_and_can_still_be_had_for_a_while(self) -> None:
        made = camera(*(fragment(number) for number in range(KEPT + 5)))
        assert names(made.playlist()) == [f"frg_7_{number}" for number in range(KEPT + 5 - SHOWN, KEPT + 5)]
        assert made.find("frg_7_5") is not None
        assert made.find("frg_7_4") is None

    def test_before_the_first_fragment_there_is_no_playlist(self) -> None:
        with pytest.raises(LookupError):
            LiveCamera().playlist()


class TestBreaks:
    @pytest.mark.parametrize(
        "following",
        [
            fragment(1, broken=True),
            fragment(1, at=1.5),
            fragment(1, picture=("avc1.42C00D", 640, 360, 700)),
            fragment(1, picture=("avc1.42C00D", 320, 180, 701)),
        ],
    )
    def test_the_timeline_breaks_with_a_new_initialisation_segment(self, following: LiveFragment) -> None:
        text = camera(fragment(0), following).playlist()
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1
        assert text.count("#EXT-X-MAP:") == 2

    @pytest.mark.parametrize("following", [fragment(2), fragment(0, epoch=8, at=1)])
    def test_a_playlist_begins_anew_after_a_hole_and_with_another_owner(self, following: LiveFragment) -> None:
        before = camera(fragment(0))
        after = camera(fragment(0), following)
        assert names(after.playlist()) == [following.fragment_id]
        counted = "EXT-X-DISCONTINUITY-SEQUENCE"
        assert tag(after.playlist(), counted) == tag(before.playlist(), counted) + 1

    def test_fragments_that_follow_one_another_share_theirs(self) -> None:
        text = camera(*(fragment(number, at=number * 1.04) for number in range(5))).playlist()
        assert "#EXT-X-DISCONTINUITY\n" not in text
        assert text.count("#EXT-X-MAP:") == 1

    def test_a_break_that_has_left_the_list_is_counted(self) -> None:
        parts = [fragment(0), fragment(1, broken=True), *(fragment(n) for n in range(2, SHOWN + 1))]
        before, after = camera(*parts[:2]), camera(*parts)
        counted = "EXT-X-DISCONTINUITY-SEQUENCE"
        assert tag(after.playlist(), counted) == tag(before.playlist(), counted) + 1
        assert "#EXT-X-DISCONTINUITY\n" not in after.playlist()

    def test_the_run_of_a_segment_leads_to_its_initialisation_segment(self) -> None:
        made = camera(fragment(0), fragment(1, broken=True))
        runs = re.findall(r'URI="init/([0-9-]+)\.mp4"', made.playlist())
        assert [one.sequence for run in runs if (one := made.of_run(run))] == [0, 1]
        assert made.of_run("7-9") is None


BEGAN_MS = 1_790_000_000_000


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.8, 10)), min_size=1, max_size=8), st.integers(0, 60))
def test_a_restarted_gateway_gives_each_segment_the_number_that_it_had(
    owners: list[tuple[int, float]], killed_after: int
) -> None:
    old, new, numbers = LiveCamera(), LiveCamera(), dict[str, int]()
    at_s, taken = 0.0, 0
    for count, duration in owners:
        epoch = BEGAN_MS + round(at_s * 1000)
        for sequence in range(count):
            at_s, taken = at_s + duration, taken + 1
            one = fragment(sequence, epoch=epoch, at=at_s, duration_us=round(duration * S))
            (new if taken > killed_after else old).add(one)
            text = (new if taken > killed_after else old).playlist()
            first = tag(text, "EXT-X-MEDIA-SEQUENCE")
            assert first >= max(numbers.values(), default=0) - SHOWN
            for number, name in enumerate(names(text), first):
                assert numbers.setdefault(name, number) == number
        at_s += 1
    assert len(set(numbers.values())) == len(numbers)
    assert list(numbers.values()) == sorted(numbers.values())


def test_the_counts_are_small_enough_for_players_that_keep_a_list_as_long_as_they_are() -> None:
    text = camera(fragment(0, epoch=BEGAN_MS)).playlist()
    assert tag(text, "EXT-X-DISCONTINUITY-SEQUENCE") == 0
    assert tag(text, "EXT-X-MEDIA-SEQUENCE") < 2**31


def test_the_target_does_not_shrink_while_it_is_played() -> None:
    made = camera(fragment(0, duration_us=2 * S), *(fragment(n, at=n + 1) for n in range(1, 20)))
    assert tag(made.playlist(), "EXT-X-TARGETDURATION") == 2


@dataclass(frozen=True)
class Record:
    """What the follower asks of a record of the topic."""

    announced: Fragment

    def value(self) -> bytes:
        return encode(self.announced)

    def offset(self) -> int:
        return 0

    def timestamp(self) -> tuple[int, int]:
        return 1, START // 1000


def test_the_smaller_stream_is_not_shown() -> None:
    follower = LiveFollower("127.0.0.1:1", ManualClock(START))
    announced = Fragment(
        fragment_id="frg_1",
        camera_id="hk1.a",
        epoch=7,
        sequence=0,
        start=START,
        duration=S,
        clock=Clock(quality="ntp"),
        picture=Picture(codec="avc1.42C00D", width=320, height=180),
        bucket="live",
        pack="p",
        offset=0,
        length=1000,
        init_length=700,
        sha256="0" * 64,
        frames=[Frame(0, 300, True)],
    )
    follower._take([Record(msgspec.structs.replace(announced, stream="sub"))])  # type: ignore[list-item]
    assert follower.playlist(announced.camera_id) is None
    follower._take([Record(announced)])  # type: ignore[list-item]
    assert follower.playlist(announced.camera_id) is not None
