"""One subscriber's stream from beginning to end: what was missed, then what comes, and a word when it ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from fastapi.sse import format_sse_event

from vantage.errors import Retryable
from vantage_api import metrics
from vantage_api.domain.tail import Event
from vantage_api.errors import Gone, Malformed
from vantage_api.hub import AlertHub, Ended, Subscription
from vantage_api.ports import AlertArchive
from vantage_api.threads import Threads

_log = structlog.get_logger()
_HEARTBEAT_S = 10.0
_CHUNK = 500
_RECONNECT_MS = 1_000
_ENDINGS: dict[Ended, str] = {
    "slow": "you are slower than the stream: reconnect with Last-Event-ID to go on where you are",
    "closing": "the gateway stops: reconnect with Last-Event-ID",
}


@dataclass(frozen=True)
class Feed:
    """Gives streams; what is missed comes from memory where it can, else from Kafka in bounded threads."""

    hub: AlertHub
    archive: AlertArchive
    threads: Threads

    async def position(self, after: int | None) -> int:
        """The offset that a stream begins with: the one after `after`, or the live end.

        Raises Gone with the first id there still is, Malformed for an id of the future, NotFollowing, Overloaded.
        """
        self.hub.check_room()
        if after is None:
            return self.hub.next
        wanted = after + 1
        if self.hub.holds(wanted):
            return wanted
        first, end = await self.threads.run(self.archive.bounds)
        if wanted > end:
            msg = f"event {after} has not been yet, the last one is {end - 1}: give the `id` of an event you have"
            raise Malformed(msg)
        if wanted < first:
            raise _forgotten(after, first)
        return wanted

    async def stream(self, position: int, seconds_left: Callable[[], float]) -> AsyncGenerator[bytes]:
        """The stream in the wire's form, until the subscriber is too slow, its token ends, or the gateway stops."""
        yield format_sse_event(comment="connected", id=str(position - 1), retry=_RECONNECT_MS)
        try:
            while position < self.hub.first():
                async with aclosing(self._from_archive(position)) as parts:
                    async for events, reached in parts:
                        position = reached
                        yield _wire(events)
            subscription = self.hub.join(position)
        except Retryable as error:
            _log.warning("a stream ends before it is live", position=position, reason=str(error))
            yield _comment("the missed part cannot be read now: reconnect with Last-Event-ID")
            return
        try:
            async for chunk in _live(subscription, position, seconds_left):
                yield chunk
        finally:
            self.hub.leave(subscription)

    async def _from_archive(self, position: int) -> AsyncGenerator[tuple[list[Event], int]]:
        """Events from Kafka, until the hub holds the rest."""
        metrics.RESUMES.labels("kafka").inc()
        reader = await self.threads.run(self.archive.open, position)
        try:
            while position < self.hub.first():
                events, position = await self.threads.run(reader.read, self.hub.next, _CHUNK)
                yield events, position
        finally:
            await self.threads.run(reader.close)


async def _live(subscription: Subscription, position: int, seconds_left: Callable[[], float]) -> AsyncGenerator[bytes]:
    if subscription.missed:
        metrics.RESUMES.labels("memory").inc()
        yield _wire(subscription.missed)
    while not (subscription.ended and subscription.queue.empty()):
        patience = min(_HEARTBEAT_S, seconds_left())
        if patience <= 0:
            yield _comment("the token has ended: reconnect with a new one and Last-Event-ID")
            return
        events = [event for event in await _next(subscription, patience) if event.offset >= position]
        yield _wire(events) if events else _comment("heartbeat")
    yield _comment(_ENDINGS[subscription.ended])


async def _next(subscription: Subscription, patience_s: float) -> list[Event]:
    """All that is in the queue; nothing where nothing came in time."""
    try:
        async with asyncio.timeout(patience_s):
            found = [await subscription.queue.get()]
    except TimeoutError:
        return []
    while not subscription.queue.empty():
        found.append(subscription.queue.get_nowait())
    return [event for event in found if event is not None]


def _wire(events: list[Event]) -> bytes:
    return b"".join(event.wire for event in events)


def _comment(text: str) -> bytes:
    return format_sse_event(comment=text)


def _forgotten(after: int, first: int) -> Gone:
    detail = (
        f"event {after} is older than what is kept; the first event there still is has id {first}: read the alerts by "
        f"GET /v1/alerts, then resume with after={first - 1}"
    )
    return Gone(detail, more={"first_available": first})
