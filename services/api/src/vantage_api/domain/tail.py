"""The end of the alert stream in memory: most who come back missed a few events, and find them here."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile


@dataclass(frozen=True)
class Event:
    """One change of an alert, ready for the wire, and its offset in `alerts.v1`."""

    offset: int
    wire: bytes


class Tail:
    """The events from `first` to before `next`, all of them; offsets without an event (a copy) are no gap."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self.first = 0
        self.next = 0

    def begin(self, offset: int) -> None:
        """Say that the tail is whole from this offset on."""
        self._events.clear()
        self.first = self.next = offset

    def extend(self, events: Sequence[Event], upto: int) -> None:
        """Add events in order; all before the offset `upto` are known now. The oldest make room."""
        self._events.extend(events)
        self.next = max(self.next, upto)
        while len(self._events) > self._capacity:
            self.first = self._events.popleft().offset + 1

    def holds(self, offset: int) -> bool:
        """Whether everything from this offset on is here."""
        return self.first <= offset <= self.next

    def since(self, offset: int) -> list[Event]:
        """The events from an offset that `holds`."""
        return list(dropwhile(lambda event: event.offset < offset, self._events))
