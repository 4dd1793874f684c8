"""One get a pack and batch, nothing for what is skipped, and no fragment harmed by its neighbour's message."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.unit.detect.conftest import INIT, MakeFragment, media
from vantage.contracts import Fragment
from vantage.errors import ObjectMissing, StoreUnavailable
from vantage.testing import MemoryObjectStore
from vantage_detect.adapters.packs import Packs


class CountingStore:
    """Counts the gets."""

    def __init__(self) -> None:
        self.store = MemoryObjectStore()
        self.store.ensure_bucket("live")
        self.gets: list[tuple[str, int, int | None]] = []

    def get(self, bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        self.gets.append((key, offset, length))
        return self.store.get(bucket, key, offset, length)

    def put_pack(self, fragments: list[Fragment]) -> None:
        self.store.put("live", fragments[0].pack, b"".join(INIT + media(one.sequence) for one in fragments))


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def packs(store: CountingStore) -> Iterator[Packs]:
    packs = Packs(store)
    yield packs
    packs.stop()


@pytest.fixture
def three(make_fragment: MakeFragment, store: CountingStore) -> list[Fragment]:
    """Three fragments that share a pack."""
    length = make_fragment().length
    fragments = [make_fragment(number, offset=number * length) for number in range(3)]
    store.put_pack(fragments)
    return fragments


def begin(packs: Packs, fragments: list[Fragment], *, wanted: bool = True) -> None:
    packs.begin([((0, one.sequence), one) for one in fragments], lambda _: wanted)


def test_a_pack_is_fetched_once_for_all_its_fragments(
    packs: Packs, store: CountingStore, three: list[Fragment]
) -> None:
    begin(packs, three)
    assert [packs.fetch((0, one.sequence), one) for one in three] == [INIT + media(number) for number in range(3)]
    assert store.gets == [("pack", 0, sum(one.length for one in three))]


def test_a_single_fragment_is_fetched_by_its_range(packs: Packs, store: CountingStore, three: list[Fragment]) -> None:
    begin(packs, three[1:2])
    assert packs.fetch((0, 1), three[1]) == INIT + media(1)
    assert store.gets == [("pack", three[1].offset, three[1].length)]


def test_nothing_is_fetched_ahead_for_what_is_to_be_skipped(
    packs: Packs, store: CountingStore, three: list[Fragment], make_fragment: MakeFragment
) -> None:
    other = make_fragment(9, pack="other")
    store.put_pack([other])
    packs.begin([((0, 0), three[0]), ((0, 9), other)], lambda name: name != (0, 9))
    packs.fetch((0, 0), three[0])
    packs.leave((0, 9), other)
    assert [key for key, _, _ in store.gets] == ["pack"]


def test_a_message_with_a_range_that_is_not_there_harms_no_neighbour(packs: Packs, three: list[Fragment]) -> None:
    liar = replace(three[2], offset=5000)
    begin(packs, [*three[:2], liar])
    assert packs.fetch((0, 0), three[0]) == INIT + media(0)
    with pytest.raises(ObjectMissing):
        packs.fetch((0, 2), liar)
    assert packs.fetch((0, 1), three[1]) == INIT + media(1)


def test_a_pack_that_has_expired_is_missing(packs: Packs, make_fragment: MakeFragment) -> None:
    gone = make_fragment(0, pack="gone")
    begin(packs, [gone])
    with pytest.raises(ObjectMissing, match="gone"):
        packs.fetch((0, 0), gone)


def test_a_store_that_is_away_is_said_and_asked_again(
    packs: Packs, store: CountingStore, three: list[Fragment]
) -> None:
    store.store.away = True
    begin(packs, three)
    with pytest.raises(StoreUnavailable):
        packs.fetch((0, 0), three[0])
    store.store.away = False
    begin(packs, three)
    assert packs.fetch((0, 0), three[0]) == INIT + media(0)
