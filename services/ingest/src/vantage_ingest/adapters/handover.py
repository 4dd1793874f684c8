"""From a camera's own thread into the loop's: what a sink is told, in order, and never after `close`."""

import threading
from collections import deque
from itertools import groupby
from typing import cast

from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Sink

_MOST_WAITING = 256
"""Pictures of one camera that may wait for the loop, some seconds of it; a thread that is further ahead is held up."""

_Item = AccessUnit | ParameterSets | StreamEnded


class Handover:
    """Collects what a thread says and gives it to the sink in the loop's next turn, pictures together."""

    def __init__(self, loop: Loop, sink: Sink) -> None:
        self._loop = loop
        self._sink = sink
        self._items: deque[_Item] = deque()
        self._room = threading.Condition()
        self._closed = False

    def opened(self, sets: ParameterSets) -> None:
        """From the thread: the camera plays."""
        self._put(sets)

    def unit(self, unit: AccessUnit) -> bool:
        """From the thread: a picture. Waits while too many wait; false where nobody wants more."""
        return self._put(unit)

    def ended(self, end: StreamEnded) -> None:
        """From the thread: nothing follows."""
        self._put(end)

    def close(self) -> None:
        """From the loop's thread: the sink is not called again, the thread may go."""
        with self._room:
            self._closed = True
            self._items.clear()
            self._room.notify_all()

    def _put(self, item: _Item) -> bool:
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._items) < _MOST_WAITING)
            if self._closed:
                return False
            self._items.append(item)
            first = len(self._items) == 1
        if first:
            self._loop.call_soon(self._deliver)
        return True

    def _deliver(self) -> None:
        with self._room:
            items, self._items = self._items, deque()
            self._room.notify_all()
        for kind, group in groupby(items, type):
            if self._closed:  # by the sink itself, with what it was told just now
                return
            if kind is AccessUnit:
                self._sink.units(cast("list[AccessUnit]", list(group)))
            else:
                self._say(next(group))

    def _say(self, item: _Item) -> None:
        if isinstance(item, ParameterSets):
            self._sink.opened(item)
        elif isinstance(item, StreamEnded):
            self._closed = True
            self._sink.ended(item)
