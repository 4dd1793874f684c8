"""What of a batch may be committed: the partitions that were kept all the while, up to their last record."""

from confluent_kafka import Message as Record
from hypothesis import given
from hypothesis import strategies as st

from vantage.stream.flight import Flight, Position, position_of

PARTITIONS = 4
GONE = st.sets(st.integers(0, PARTITIONS - 1)).map(lambda numbers: {("audit.v1", number) for number in numbers})


def batch_of(partitions: list[int]) -> list[Record]:
    """Records of these partitions, each partition's offsets in order and one more than the one before."""
    return [
        Record(topic="audit.v1", partition=number, offset=100 + partitions[:place].count(number))
        for place, number in enumerate(partitions)
    ]


BATCHES = st.lists(st.integers(0, PARTITIONS - 1), max_size=30).map(batch_of)


@given(BATCHES)
def test_each_partition_ends_after_its_last_record(records: list[Record]) -> None:
    ends = Flight(records).ends()
    assert set(ends) == {position_of(record) for record in records}
    for position, end in ends.items():
        assert end == 100 + sum(position_of(record) == position for record in records)


@given(BATCHES, GONE)
def test_what_was_taken_away_is_neither_committed_nor_kept(records: list[Record], gone: set[Position]) -> None:
    flight = Flight(records)
    flight.fence(gone)
    assert not gone & set(flight.ends())
    assert flight.kept() == [record for record in records if position_of(record) not in gone]


@given(BATCHES, GONE, GONE)
def test_what_was_taken_away_once_stays_away(
    records: list[Record], first: set[Position], second: set[Position]
) -> None:
    flight = Flight(records)
    flight.fence(first)
    flight.fence(second)
    assert not (first | second) & set(flight.ends())


@given(BATCHES, GONE)
def test_it_touches_a_hand_over_where_it_has_a_record_of_it(records: list[Record], going: set[Position]) -> None:
    assert Flight(records).touches(going) == bool(going & set(Flight(records).ends()))


def test_a_batch_is_fenced_only_when_it_is_said() -> None:
    flight = Flight(batch_of([0]))
    assert not flight.fenced.is_set()
    flight.fence({("audit.v1", 0)})
    assert flight.fenced.is_set()
