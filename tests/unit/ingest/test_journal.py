"""The journal of a recording: whatever a crash leaves, what is read is true and a beginning of what was written."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts.base import Origin
from vantage.contracts.recording import FragmentRange, Gap
from vantage.fragment_digests import trailer_length
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.cutter import Break
from vantage_ingest.domain.recording import (
    Entry,
    Head,
    announcement,
    begins_anew,
    length,
    line,
    object_key,
    phase,
    read_lines,
    whole,
)

from .conftest import NOW_US, cut

INIT = b"init"
DIGEST = hashlib.sha256(INIT).hexdigest()
MINUTE_US = 60_000_000


def head(start: int = NOW_US, camera_id: str = "hk1.pier-9") -> Head:
    return Head(
        recording_id="rec_1",
        camera_id=camera_id,
        epoch=7,
        start=start,
        picture=cut().picture,
        init_length=len(INIT),
        init_sha256=DIGEST,
        gap_before=Gap(start=1, end=2, cause="stream-stalled"),
        retention_class="standard",
    )


def entries(cuts: list[Cut]) -> list[Entry]:
    at, found = len(INIT), []
    for one in cuts:
        found.append(
            Entry(range=FragmentRange(one.start, one.duration, at, len(one.data), one.sha256), clock=one.clock)
        )
        at += len(one.data)
    return found


def reading(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: data[offset : offset + size]


CUTS = [cut(number) for number in range(5)]
ENTRIES = entries(CUTS)
JOURNAL = line(head()) + b"".join(map(line, ENTRIES))
DATA = INIT + b"".join(one.data for one in CUTS)


def test_a_whole_journal_is_read_back() -> None:
    assert read_lines(JOURNAL) == (head(), ENTRIES)
    assert list(whole(head(), ENTRIES, reading(DATA))) == ENTRIES
    assert length(head(), ENTRIES) == len(DATA)


@given(st.integers(0, len(JOURNAL)), st.integers(0, len(DATA)))
def test_a_tail_that_is_missing_costs_only_itself(journal: int, data: int) -> None:
    found, rows = read_lines(JOURNAL[:journal])
    assert rows == ENTRIES[: len(rows)]
    kept = list(whole(found, rows, reading(DATA[:data]))) if found else []
    assert kept == ENTRIES[: len(kept)]
    assert length(head(), kept) <= max(data, len(INIT))
    complete = JOURNAL[:journal].count(b"\n") - 1
    assert len(rows) == max(0, complete)


@given(st.integers(0, len(JOURNAL) - 1), st.integers(1, 255), st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_byte_that_is_wrong_is_never_believed(at: int, flip: int, where: int, change: int) -> None:
    journal = bytearray(JOURNAL)
    journal[at] ^= flip
    found, rows = read_lines(bytes(journal))
    assert found in (None, head())
    assert rows == ENTRIES[: len(rows)]
    data = bytearray(DATA)
    data[where] ^= change
    kept = list(whole(head(), ENTRIES, reading(bytes(data))))
    assert kept == ENTRIES[: len(kept)]
    assert length(head(), kept) <= where or not kept


def test_the_announcement_says_the_least_good_clock() -> None:
    rows = entries([cut(0), cut(1, quality="estimated"), cut(2)])
    made = announcement(head(), rows, "0" * 64, None)
    assert made.clock.quality == "estimated"
    assert (made.start, made.end) == (NOW_US, NOW_US + 3_000_000)
    assert made.size == len(DATA) - sum(len(one.data) for one in CUTS[3:]) + trailer_length(3)
    assert made.object == object_key(head()) == "hk1/pier-9/20260921/rec_1.mp4"


@given(st.integers(0, 10 * MINUTE_US), st.lists(st.integers(1, 5_000_000), min_size=1, max_size=200))
def test_recordings_have_no_seams_and_are_never_longer_than_their_time(begin: int, durations: list[int]) -> None:
    at = NOW_US + begin
    spans: list[tuple[int, int]] = []
    for duration in durations:
        one = replace(cut(0, start=at), duration=duration)
        first, end = spans[-1] if spans else (at, at)
        if not spans or begins_anew(head(first), end, one, seconds=10, init_sha256=DIGEST, origin=Origin()):
            spans.append((at, at + duration))
        else:
            spans[-1] = first, at + duration
        at += duration
    assert all(end - first <= 10_000_000 for first, end in spans)
    assert [end for _, end in spans[:-1]] == [first for first, _ in spans[1:]]


def test_a_recording_ends_where_something_else_begins() -> None:
    end = NOW_US + 1_000_000

    def anew(one: Cut, *, at: int = end, init_sha256: str = DIGEST, origin: Origin | None = None) -> bool:
        return begins_anew(head(), at, one, seconds=60, init_sha256=init_sha256, origin=origin or Origin())

    assert not anew(cut(1))
    assert anew(cut(1), init_sha256="0" * 64)
    assert anew(cut(1, epoch=8))
    assert anew(cut(1), at=end + 1)
    assert anew(cut(1, missing=Break("clock-jump", "")))
    assert anew(cut(1), origin=Origin(coder="vantage"))
    assert anew(cut(1), origin=Origin(masks=["window"]))


def test_what_is_whole_is_hashed_as_one() -> None:
    digest = hashlib.sha256()
    broken = DATA[:-1] + b"?"
    kept = list(whole(head(), ENTRIES, reading(broken), digest))
    assert digest.hexdigest() == hashlib.sha256(DATA[: length(head(), kept)]).hexdigest()
    assert len(kept) == len(ENTRIES) - 1


def test_the_ends_of_recordings_are_spread_over_the_minute() -> None:
    phases = [phase(f"hk1.camera-{number}", 60) for number in range(600)]
    each_second = [sum(one // 1_000_000 == second for one in phases) for second in range(60)]
    assert max(each_second) < 30
    assert min(each_second) > 0
