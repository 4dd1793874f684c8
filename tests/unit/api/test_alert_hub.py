"""One stream to many: in order, once, no gap between what was missed and what comes, and nobody slows another."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from vantage_api.domain.tail import Event
from vantage_api.errors import Gone, Malformed, NotFollowing, Overloaded
from vantage_api.feed import Feed
from vantage_api.hub import AlertHub
from vantage_api.threads import Threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from tests.unit.api.conftest import MemoryArchive


def event(offset: int) -> Event:
    return Event(offset, f"id: {offset}\n\n".encode())


class Stream:
    """A subscriber's side of a feed."""

    def __init__(self, feed: Feed, position: int, seconds_left: float = 1e9) -> None:
        self.parts: AsyncGenerator[bytes] = feed.stream(position, lambda: seconds_left)
        self.text = ""

    async def until(self, count: int) -> list[int]:
        """The offsets of the first so many events."""
        async with asyncio.timeout(20):
            while len(self.offsets()) < count:
                self.text += (await anext(self.parts)).decode()
        return self.offsets()

    async def to_the_end(self) -> str:
        async with asyncio.timeout(20):
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    self.text += (await anext(self.parts)).decode()
        return self.text

    def offsets(self) -> list[int]:
        blocks = self.text.split("\n\n")[1:]  # the first says where the stream is
        return [int(block.removeprefix("id: ")) for block in blocks if block.startswith("id: ")]


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads("test", 2, 10)
    yield made
    made.stop()


@pytest.fixture
def hub() -> AlertHub:
    return AlertHub(tail_size=20, queue_size=8, most=3)


async def begin(hub: AlertHub, first: int, end: int) -> None:
    """The hub follows, and has read from `first` to `end`."""
    hub.bind()
    await asyncio.to_thread(hub.begin, first, ready_at=end)
    await asyncio.to_thread(hub.deliver, [event(offset) for offset in range(first, end)], end)


async def deliver(hub: AlertHub, first: int, end: int) -> None:
    await asyncio.to_thread(hub.deliver, [event(offset) for offset in range(first, end)], end)


@pytest.fixture
def feed(hub: AlertHub, threads: Threads, make_archive: type[MemoryArchive]) -> Feed:
    return Feed(hub, make_archive(5, 100, event), threads)


class TestPosition:
    async def test_nothing_is_given_before_the_end_is_reached(self, hub: AlertHub, feed: Feed) -> None:
        with pytest.raises(NotFollowing):
            await feed.position(None)
        hub.bind()
        await asyncio.to_thread(hub.begin, 80, ready_at=100)
        with pytest.raises(NotFollowing):
            await feed.position(None)

    async def test_without_an_id_it_is_the_live_end(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        assert await feed.position(None) == 100

    @pytest.mark.parametrize(("after", "position"), [(99, 100), (90, 91), (30, 31), (4, 5)])
    async def test_it_is_after_the_id(self, hub: AlertHub, feed: Feed, after: int, position: int) -> None:
        await begin(hub, 80, 100)
        assert await feed.position(after) == position

    async def test_what_is_forgotten_is_answered_with_the_first_there_is(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        with pytest.raises(Gone) as refusal:
            await feed.position(3)
        assert refusal.value.more == {"first_available": 5}
        assert "after=4" in refusal.value.detail

    async def test_an_id_of_the_future_is_refused(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        with pytest.raises(Malformed, match="has not been yet"):
            await feed.position(100)


class TestJoin:
    @pytest.mark.parametrize("position", [5, 50, 79, 80, 90, 100])
    async def test_what_was_missed_and_what_comes_are_one_stream(
        self, hub: AlertHub, feed: Feed, position: int
    ) -> None:
        await begin(hub, 80, 100)
        stream = Stream(feed, position)
        await stream.until(100 - position)
        reader = asyncio.create_task(stream.until(130 - position))
        await deliver(hub, 100, 130)
        assert await reader == list(range(position, 130))

    async def test_events_that_come_while_the_missed_part_is_read_are_neither_lost_nor_twice(
        self, hub: AlertHub, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vantage_api.feed._CHUNK", 10)
        await begin(hub, 80, 100)
        stream = Stream(feed, 5)
        stream.text = (await anext(stream.parts)).decode()
        for at in range(100, 160, 20):  # the tail holds 20: each step leaves a part that only the archive has
            stream.text += (await anext(stream.parts)).decode()
            await deliver(hub, at, at + 20)
        assert await stream.until(155) == list(range(5, 160))

    async def test_who_is_ahead_of_this_gateway_waits_for_it(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 98)
        stream = Stream(feed, 100)
        await anext(stream.parts)
        stream.text = "\n\n"
        waiting = asyncio.create_task(stream.until(1))
        await deliver(hub, 98, 101)
        assert await waiting == [100]


class TestFanOut:
    async def test_a_burst_larger_than_a_queue_makes_nobody_slow(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        streams = [Stream(feed, 100) for _ in range(3)]
        readers = [asyncio.create_task(stream.until(500)) for stream in streams]
        await asyncio.sleep(0)
        await deliver(hub, 100, 600)
        assert await asyncio.gather(*readers) == [list(range(100, 600))] * 3

    async def test_who_does_not_read_is_let_go_and_the_others_go_on(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        slow, fast = Stream(feed, 100), Stream(feed, 100)
        for stream in (slow, fast):
            stream.text = (await anext(stream.parts)).decode()
        hub_side = asyncio.create_task(anext(slow.parts))  # takes one part, and no more
        reader = asyncio.create_task(fast.until(50))
        await asyncio.sleep(0)
        await deliver(hub, 100, 150)
        assert await reader == list(range(100, 150))
        slow.text += (await hub_side).decode()
        text = await slow.to_the_end()
        assert "slower than the stream" in text
        assert slow.offsets() == list(range(100, 100 + len(slow.offsets())))
        assert len(slow.offsets()) < 50

    async def test_one_subscriber_more_than_can_be_served_is_refused(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        for _ in range(3):
            hub.join(100)
        with pytest.raises(Overloaded):
            await feed.position(None)

    async def test_who_leaves_makes_room(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        streams = [Stream(feed, 99) for _ in range(3)]
        for stream in streams:
            await stream.until(1)
            await stream.parts.aclose()
        assert await feed.position(None) == 100


class TestEnd:
    async def test_a_stream_ends_with_its_token(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        text = await Stream(feed, 100, seconds_left=0).to_the_end()
        assert "the token has ended" in text

    async def test_a_stop_gives_out_what_is_there_and_says_goodbye(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        stream = Stream(feed, 99)
        await stream.until(1)
        await deliver(hub, 100, 104)
        await asyncio.to_thread(hub.close)
        text = await stream.to_the_end()
        assert stream.offsets() == list(range(99, 104))
        assert "the gateway stops" in text

    async def test_a_stream_that_comes_during_the_stop_ends_at_once(self, hub: AlertHub, feed: Feed) -> None:
        await begin(hub, 80, 100)
        await asyncio.to_thread(hub.close)
        assert "the gateway stops" in await Stream(feed, 100).to_the_end()

    async def test_a_quiet_stream_beats(self, hub: AlertHub, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vantage_api.feed._HEARTBEAT_S", 0.01)
        await begin(hub, 80, 100)
        stream = Stream(feed, 100)
        await anext(stream.parts)
        assert await anext(stream.parts) == b": heartbeat\n\n"
