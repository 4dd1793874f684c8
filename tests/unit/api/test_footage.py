"""Stored video is served as it was announced or not at all, and its proof is read once a recording."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from vantage.errors import ObjectMissing
from vantage.fragment_digests import trailer
from vantage.testing import MemoryObjectStore
from vantage_api.adapters.footage import StoredVideo
from vantage_api.errors import Damaged
from vantage_api.ports import Stored, Trailer

FRAGMENTS = [b"first fragment", b"second", b"and the third"]
BOX = trailer(sha256(one).hexdigest() for one in FRAGMENTS)
OBJECT = b"init" + b"".join(FRAGMENTS) + BOX
TRAILER = Trailer("footage", "one.mp4", len(OBJECT) - len(BOX), len(BOX), sha256(BOX).hexdigest())


def fragment(index: int, proof: Trailer = TRAILER) -> Stored:
    offset = 4 + sum(map(len, FRAGMENTS[:index]))
    return Stored("footage", "one.mp4", offset, len(FRAGMENTS[index]), trailer=proof, index=index)


@pytest.fixture
def store() -> MemoryObjectStore:
    made = MemoryObjectStore()
    made.ensure_bucket("footage")
    made.put("footage", "one.mp4", OBJECT)
    return made


@pytest.fixture
def damage(store: MemoryObjectStore) -> Callable[[int], None]:
    """Change one byte of the object."""

    def change(at: int) -> None:
        store.put("footage", "one.mp4", OBJECT[:at] + bytes([OBJECT[at] ^ 1]) + OBJECT[at + 1 :])

    return change


def test_each_fragment_is_proved_by_its_place_in_the_trailer(store: MemoryObjectStore) -> None:
    video = StoredVideo(store)
    assert [video.read(fragment(index)) for index in range(3)] == FRAGMENTS
    with pytest.raises(Damaged, match=r"footage/one.mp4 bytes 18\+6"):
        video.read(replace(fragment(1), index=2))


def test_a_damaged_fragment_is_not_served_and_the_others_are(
    store: MemoryObjectStore, damage: Callable[[int], None]
) -> None:
    damage(4 + len(FRAGMENTS[0]))
    video = StoredVideo(store)
    with pytest.raises(Damaged):
        video.read(fragment(1))
    assert video.read(fragment(0)) == FRAGMENTS[0]


def test_a_damaged_trailer_proves_nothing_until_it_is_mended(
    store: MemoryObjectStore, damage: Callable[[int], None]
) -> None:
    damage(len(OBJECT) - 1)
    video = StoredVideo(store)
    with pytest.raises(Damaged, match=f"bytes {TRAILER.offset}"):
        video.read(fragment(0))
    store.put("footage", "one.mp4", OBJECT)
    assert video.read(fragment(0)) == FRAGMENTS[0]


def test_a_trailer_is_read_once(store: MemoryObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges: list[int] = []
    real = store.get

    def counted(bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        ranges.append(offset)
        return real(bucket, key, offset, length)

    monkeypatch.setattr(store, "get", counted)
    video = StoredVideo(store)
    for index in (0, 1, 2, 0):
        video.read(fragment(index))
    assert ranges.count(TRAILER.offset) == 1
    assert len(ranges) == 5


def test_a_recording_without_one_is_proved_by_what_the_index_kept(store: MemoryObjectStore) -> None:
    store.put("footage", "one.mp4", OBJECT[: -len(BOX)])
    video = StoredVideo(store)
    assert video.read(fragment(2, replace(TRAILER, length=0, box=BOX))) == FRAGMENTS[2]
    with pytest.raises(Damaged):
        video.read(fragment(2, replace(TRAILER, length=0, box=bytes(len(BOX)))))


def test_video_that_is_gone_is_missing(store: MemoryObjectStore) -> None:
    store.delete("footage", "one.mp4")
    with pytest.raises(ObjectMissing):
        StoredVideo(store).read(fragment(0))
