"""Sets of time: what the ledger's figures rest on, held to sets of moments."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.spans import Span, clipped, difference, intersection, length, union

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def moments(found: list[Span]) -> set[int]:
    return {moment for start, end in found for moment in range(start, end)}


def is_a_set(found: list[Span]) -> bool:
    """In order, not empty, not touching."""
    return all(start < end for start, end in found) and all(one[1] < other[0] for one, other in pairwise(found))


class TestUnion:
    @given(spans)
    def test_it_has_the_moments_of_all_and_its_parts_do_not_touch(self, some: list[Span]) -> None:
        found = union(some)
        assert moments(found) == moments(some)
        assert is_a_set(found)

    @given(spans)
    def test_its_length_counts_each_moment_once(self, some: list[Span]) -> None:
        assert length(union(some)) == len(moments(some))


class TestTwoSets:
    @given(spans, spans)
    def test_what_is_in_both(self, one: list[Span], other: list[Span]) -> None:
        found = intersection(union(one), union(other))
        assert moments(found) == moments(one) & moments(other)
        assert length(found) == len(moments(found))

    @given(spans, spans)
    def test_what_is_in_the_first_alone(self, one: list[Span], other: list[Span]) -> None:
        found = difference(union(one), union(other))
        assert moments(found) == moments(one) - moments(other)
        assert length(found) == len(moments(found))

    @given(spans, st.integers(0, 40), st.integers(0, 40))
    def test_what_lies_in_a_window(self, some: list[Span], low: int, high: int) -> None:
        found = clipped(some, (low, high))
        assert moments(found) == moments(some) & set(range(low, high))
        assert is_a_set(found)
