"""One reader of `alerts.v1`, many subscribers: each has a bounded queue, and none makes another wait.

A subscriber that lets its queue fill is let go and told to resume after its last event, which costs it nothing but the
connection. Joining is one step on the event loop: what the tail holds from a position on, and from then on the queue;
so nothing falls between the two and nothing is in both.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, ParamSpec

from vantage_api import metrics
from vantage_api.domain.tail import Event, Tail
from vantage_api.errors import NotFollowing, Overloaded

P = ParamSpec("P")
_PATIENCE_S = 5.0
Ended = Literal["", "slow", "closing"]


@dataclass(eq=False)
class Subscription:
    """One subscriber: what was missed and is in memory, then its queue, and why nothing more is put there."""

    missed: list[Event]
    queue: "asyncio.Queue[Event | None]"
    ended: Ended = ""

    def end(self, why: Ended) -> None:
        """Say why it ends; what is in the queue is still given out."""
        self.ended = why
        if not self.queue.full():
            self.queue.put_nowait(None)


@dataclass
class AlertHub:
    """The tail of the stream and its subscribers. `begin` and `deliver` may be called from any thread."""

    tail_size: int
    queue_size: int
    most: int
    _tail: Tail = field(init=False)
    _ready_at: int = -1
    _open: set[Subscription] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _closing: bool = False

    def __post_init__(self) -> None:
        self._tail = Tail(self.tail_size)

    def bind(self) -> None:
        """Take the running event loop as the one that all subscribers are on."""
        self._loop = asyncio.get_running_loop()

    def begin(self, offset: int, *, ready_at: int) -> None:
        """Say that events come from an offset on, and at which one everything that was there has come."""
        self._call(self._begin, offset, ready_at)

    def deliver(self, events: Sequence[Event], upto: int) -> None:
        """Hand events over, in order; all before the offset `upto` are in them or are not events. Not from the loop.

        A burst is handed over in parts that fit a queue, each when the one before was: nobody is slow for a burst.
        """
        size = max(1, self.queue_size // 2)
        parts = [events[at : at + size] for at in range(0, len(events), size)] or [events]
        for number, part in enumerate(parts):
            is_last = number == len(parts) - 1
            self._call(self._deliver, part, upto if is_last else part[-1].offset + 1)

    @property
    def next(self) -> int:
        """The offset of the next event. Raises NotFollowing while the stream's end is not reached."""
        if self._ready_at < 0 or self._tail.next < self._ready_at:
            msg = "alerts.v1 has not been read to its end yet"
            raise NotFollowing(msg)
        return self._tail.next

    @property
    def is_ready(self) -> bool:
        """Whether the stream's end is reached."""
        return 0 <= self._ready_at <= self._tail.next

    def holds(self, position: int) -> bool:
        """Whether everything from this offset on is in memory."""
        return self.is_ready and self._tail.holds(position)

    def first(self) -> int:
        """The first offset that is in memory."""
        return self._tail.first

    def join(self, position: int) -> Subscription:
        """A subscription from an offset that `holds`. Raises Overloaded, NotFollowing."""
        self.check_room()
        subscription = Subscription(self._tail.since(position), asyncio.Queue(self.queue_size))
        if self._closing:
            subscription.end("closing")
        self._open.add(subscription)
        metrics.SUBSCRIBERS.set(len(self._open))
        return subscription

    def check_room(self) -> None:
        """Raise Overloaded where no subscriber more can be served."""
        if len(self._open) >= self.most:
            msg = f"{self.most} alert streams are open already: try again later or ask another gateway"
            raise Overloaded(msg)

    def leave(self, subscription: Subscription) -> None:
        """End a subscription; once is enough."""
        self._open.discard(subscription)
        metrics.SUBSCRIBERS.set(len(self._open))

    def close(self) -> None:
        """End every stream, from any thread."""
        self._call(self._close)

    def _begin(self, offset: int, ready_at: int) -> None:
        self._tail.begin(offset)
        self._ready_at = ready_at

    def _deliver(self, events: Sequence[Event], upto: int) -> None:
        self._tail.extend(events, upto)
        slow = [one for one in self._open if not all(_put(one, event) for event in events)]
        for subscription in slow:
            self.leave(subscription)
            subscription.ended = "slow"
            metrics.OVERRUNS.inc()
        metrics.STREAMED.inc(len(events) * len(self._open))

    def _close(self) -> None:
        self._closing = True
        for subscription in self._open:
            subscription.end("closing")

    def _call(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have it called on the loop, and wait until it was, for as long as the loop runs."""

        async def step() -> None:
            call(*args, **kwargs)

        if self._loop is None or not self._loop.is_running():
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(step(), self._loop).result(_PATIENCE_S)


def _put(subscription: Subscription, event: Event) -> bool:
    try:
        subscription.queue.put_nowait(event)
    except asyncio.QueueFull:
        return False
    return True
