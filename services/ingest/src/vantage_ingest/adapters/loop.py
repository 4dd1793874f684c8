"""The one thread in which a worker reads its cameras: sockets by epoll, timers, and calls from other threads.

Sockets are looked at once a tick, not at each packet: what arrives within 20 ms is read with one call, which is most of
what a reader can save. In a turn each socket's handler is called once, then each call and each timer that was due when
the turn came to them, so none of them can keep the others waiting for longer than it takes itself. Everything that a
handler does must be short; the loop says how late it is (`lag`).
"""

import heapq
import os
import select
import threading
from collections import deque
from collections.abc import Callable, MutableSequence
from itertools import count

import structlog

from vantage.clock import Clock
from vantage_ingest import metrics

Call = Callable[[], None]
_LONGEST_WAIT_S = 0.25
_log = structlog.get_logger()


class Timer:
    """A call to come; `cancel` makes it none."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call: Call | None = call

    def cancel(self) -> None:
        """It will not be called."""
        self.call = None


class Loop:
    """Calls handlers until it is stopped. Only `call_soon` and `stop` may be used from other threads."""

    def __init__(self, clock: Clock, tick_s: float = 0.02) -> None:
        self._clock = clock
        self._tick_s = tick_s
        self._epoll = select.epoll()
        self._handlers: dict[int, tuple[Call, int]] = {}
        self._new: set[int] = set()
        self._timers: list[tuple[float, int, Timer]] = []
        self._number = count()
        self._soon: deque[Call] = deque()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._pause = threading.Event()
        self._running = True
        self.lag = 0.0
        """Seconds by which the last turn's work was longer than a tick."""
        self.serving: MutableSequence[int] = [0]
        """Whose handler runs, by its number: shared memory, where it is to be known after a crash of the process."""

    def watch(self, fd: int, handler: Call, *, write: bool = False, number: int = 0) -> None:
        """Call the handler in each turn in which `fd` can be read, or with `write` read or written; again, to change
        it. `number` is its camera's (`Target.number`), or 0.
        """
        known = fd in self._handlers
        self._handlers[fd] = handler, number
        events = select.EPOLLIN | select.EPOLLOUT if write else select.EPOLLIN
        if known:
            self._epoll.modify(fd, events)
        else:
            self._new.add(fd)
            self._epoll.register(fd, events)

    def unwatch(self, fd: int) -> None:
        """Forget `fd`, before it is closed; it is no error where it is not watched."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def call_at(self, when: float, call: Call) -> Timer:
        """Call at `when`, in the clock's monotonic seconds, or in the first turn after it."""
        timer = Timer(call)
        heapq.heappush(self._timers, (when, next(self._number), timer))
        return timer

    def call_later(self, seconds: float, call: Call) -> Timer:
        """Call after so many seconds."""
        return self.call_at(self._clock.monotonic() + seconds, call)

    def call_soon(self, call: Call) -> None:
        """Call in the next turn; from any thread."""
        self._soon.append(call)
        os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """End after this turn; from any thread."""
        self._running = False
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Take turns until stopped. A handler that raises is logged and counted; it stops no other."""
        while self._running:
            self.turn()

    def turn(self) -> None:
        """Wait for a tick, then do all that is due."""
        ready = self._epoll.poll(self._patience(self._clock.monotonic()), len(self._handlers) + 1)
        began = self._clock.monotonic()
        self._new.clear()
        for fd, _ in ready:
            if fd == self._wake:
                os.eventfd_read(fd)
            elif (found := self._handlers.get(fd)) is not None and fd not in self._new:
                self.serving[0] = found[1]
                self._call(found[0])
        self.serving[0] = 0
        for _ in range(len(self._soon)):
            self._call(self._soon.popleft())
        self._due(self._clock.monotonic())
        self._rest(began)

    def close(self) -> None:
        """Let go of its own descriptors."""
        self._epoll.close()
        os.close(self._wake)

    def _patience(self, now: float) -> float:
        if self._soon:
            return 0.0
        return max(0.0, min(_LONGEST_WAIT_S, self._timers[0][0] - now)) if self._timers else _LONGEST_WAIT_S

    def _due(self, now: float) -> None:
        """What is due now; what that sets for now as well waits for the next turn."""
        due: list[Timer] = []
        while self._timers and self._timers[0][0] <= now:
            due.append(heapq.heappop(self._timers)[2])
        for timer in due:
            if timer.call is not None:
                self._call(timer.call)

    def _rest(self, began: float) -> None:
        """Sleep for the rest of the tick, so that the next turn finds more in each socket."""
        spent = self._clock.monotonic() - began
        self.lag = max(0.0, spent - self._tick_s)
        if spent < self._tick_s and self._running:
            self._pause.wait(self._tick_s - spent)

    def _call(self, call: Call) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001  # one camera's fault must not stop the others
            metrics.FAULTS.labels("loop").inc()
            _log.exception("an unexpected error was survived", part="loop")
