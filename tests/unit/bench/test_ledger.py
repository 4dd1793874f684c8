"""The account of a camera's seconds adds up, and says so only when it does."""

from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts import Recording
from vantage.contracts.base import Clock, Picture
from vantage.contracts.recording import FragmentRange, Gap, GapCause
from vantage_bench.ledger import Account, account

S = 1_000_000


def recording(start: int, end: int, cause: GapCause | None = None, epoch: int = 7) -> Recording:
    return Recording(
        recording_id=f"rec_{start}_{epoch}",
        camera_id="hk1.a",
        epoch=epoch,
        start=start * S,
        end=end * S,
        clock=Clock(quality="ntp"),
        picture=Picture(codec="avc1.42C00D", width=320, height=180),
        bucket="footage",
        object="o",
        size=1,
        sha256="0" * 64,
        init_length=1,
        fragments=[FragmentRange(start * S, (end - start) * S, 1, 1, "0" * 64)],
        gap_before=None if cause is None else Gap(start=start * S, end=start * S, cause=cause),
    )


def seconds(**more: int) -> Account:
    return Account(**{name: value if name == "gaps" else value * S for name, value in more.items()})


def test_recordings_without_seams_are_all_that_was_owed() -> None:
    found = account([recording(10, 20), recording(0, 10, "first-recording")])
    assert found == seconds(owed=20, recorded=20)
    assert found.adds_up


def test_a_gap_is_explained_by_the_recording_after_it() -> None:
    found = account([recording(0, 10), recording(13, 20, "stream-stalled")])
    assert found == seconds(owed=20, recorded=17, explained=3, gaps=1)
    assert found.adds_up


def test_a_gap_without_a_cause_does_not_add_up() -> None:
    for cause in (None, "unexplained"):
        found = account([recording(0, 10), recording(13, 20, cause)])
        assert found == seconds(owed=20, recorded=17, unexplained=3, gaps=1)
        assert not found.adds_up


def test_what_two_owners_recorded_counts_once() -> None:
    found = account([recording(0, 10), recording(8, 20, "handover", epoch=8)])
    assert found == seconds(owed=20, recorded=20, doubled=2)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.booleans()), max_size=12))
def test_the_parts_always_make_the_whole(spans: list[tuple[int, int, bool]]) -> None:
    found = account([recording(at, at + span, "stream-ended" if told else None) for at, span, told in spans])
    assert found.owed == found.recorded + found.explained + found.unexplained
    covered = {second for at, span, _ in spans for second in range(at, at + span)}
    assert found.recorded == len(covered) * S
