"""The small parts of the alert stream: cursors, the tail in memory, and what was said already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_api.domain.cursor import parse_cursor
from vantage_api.domain.duplicates import Duplicates
from vantage_api.domain.tail import Event, Tail


class TestCursor:
    @pytest.mark.parametrize(("text", "offset"), [("0", 0), (" 17 ", 17), ("-1", -1), ("9" * 18, 10**18 - 1)])
    def test_an_offset_is_read(self, text: str, offset: int) -> None:
        assert parse_cursor(text) == offset

    @pytest.mark.parametrize("text", ["x", "1.0", "-2", "+1", "1e3", "١٢", "9" * 19, "1 2", "0x1"])
    def test_anything_else_is_refused_with_what_to_do(self, text: str) -> None:
        with pytest.raises(ValueError, match="give the `id` of the last event"):
            parse_cursor(text)


class TestDuplicates:
    def test_a_change_is_new_once(self) -> None:
        seen = Duplicates()
        assert [seen.is_new("a", 1), seen.is_new("a", 1), seen.is_new("a", 2), seen.is_new("b", 1)] == [
            True,
            False,
            True,
            True,
        ]

    def test_its_memory_is_bounded(self) -> None:
        seen = Duplicates(size=2)
        for revision in (1, 2, 3):
            seen.is_new("a", revision)
        assert not seen.is_new("a", 3)
        assert seen.is_new("a", 1)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 20), st.integers(0, 80))
def test_a_tail_gives_all_it_holds_from_any_position_on(is_event: list[bool], capacity: int, position: int) -> None:
    tail = Tail(capacity)
    tail.begin(10)
    events = [Event(10 + at, b"") for at, wanted in enumerate(is_event) if wanted]
    for event in events:
        tail.extend([event], event.offset + 1)
    tail.extend([], 10 + len(is_event))
    if tail.holds(position):
        assert tail.since(position) == [event for event in events if event.offset >= position]
    assert tail.holds(tail.next)
    assert len(tail.since(tail.first)) == min(capacity, len(events))
