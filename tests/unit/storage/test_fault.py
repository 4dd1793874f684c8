"""Messages that contradict themselves are found before they reach the index, and say what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from vantage.contracts import Recording, Track
from vantage_storage.domain.fault import recording_fault, track_fault

MakeRecording = Callable[..., Recording]
MakeTrack = Callable[..., Track]

LATE = 2**62


class TestRecordings:
    @pytest.mark.parametrize("lengths", [(1,), (60_000, 61_000), (1000,) * 60])
    def test_one_that_is_whole_has_no_fault(self, make_recording: MakeRecording, lengths: tuple[int, ...]) -> None:
        assert recording_fault(make_recording(lengths)) is None

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"recording_id": "rec_0"}, "id rec_0 is not the one that its own fields make, rec_"),
            ({"end": 1_789_999_999_999_999}, "ends at 1789999999999999, before its start"),
            ({"end": LATE}, "beyond the year 9999"),
            ({"size": 121_830}, "the trailer ends at byte 121829, the object has 121830 bytes"),
            ({"size": 121_741}, "ends at byte 121741 with its fragments: it lacks the trailer"),
            ({"init_length": 740}, "fragment 0 begins at byte 741, what stands before it ends at 740"),
        ],
    )
    def test_a_faulty_one_says_why(self, make_recording: MakeRecording, changes: dict[str, Any], says: str) -> None:
        assert says in str(recording_fault(make_recording(**changes)))

    @pytest.mark.parametrize(
        ("number", "changes", "says"),
        [
            (1, {"offset": 60_740}, "fragment 1 begins at byte 60740"),
            (0, {"start": 1_789_999_999_999_999}, "fragment 0 is not within an hour"),
            (1, {"start": 1_790_005_000_000_000}, "fragment 1 is not within an hour"),
            (1, {"duration": 2**32}, "fragment 1 is not within an hour"),
            (1, {"length": 2**32}, "fragment 1 has 4294967296 bytes"),
        ],
    )
    def test_a_faulty_fragment_is_named(
        self, make_recording: MakeRecording, number: int, changes: dict[str, Any], says: str
    ) -> None:
        whole = make_recording()
        fragments = [replace(one, **changes) if at == number else one for at, one in enumerate(whole.fragments)]
        assert says in str(recording_fault(replace(whole, fragments=fragments)))


class TestTracks:
    def test_one_that_is_whole_has_no_fault(self, make_track: MakeTrack) -> None:
        assert track_fault(make_track()) is None

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"track_id": "trk_0"}, "the track's id trk_0"),
            ({"end": 0}, "ends at 0, before its start"),
            ({"end": LATE}, "beyond the year 9999"),
        ],
    )
    def test_a_faulty_one_says_why(self, make_track: MakeTrack, changes: dict[str, Any], says: str) -> None:
        assert says in str(track_fault(make_track(**changes)))

    def test_another_run_of_a_detector_makes_another_id(self, make_track: MakeTrack) -> None:
        first = make_track()
        assert "id" in str(track_fault(replace(first, version="1.0.1")))
