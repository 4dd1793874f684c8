"""What ingest asks of the outside world. A faster reader takes the place of the first one behind `Reader`."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from vantage.contracts import Message
from vantage_ingest.domain.stream import AccessUnit, ParameterSets


@dataclass(frozen=True)
class Target:
    """What to open. `secret_url` may hold a password: it is never logged and not in the representation."""

    secret_url: str = field(repr=False)
    transport: str = "tcp"


class Announcer(Protocol):
    """Puts messages on the event log; the SDK's Publisher is one. Calls may raise VantageError."""

    def publish(self, topic: str, message: Message) -> None:
        """Queue a message."""
        ...

    def flush(self) -> None:
        """Wait until all that this thread queued is delivered; raises where it is not."""
        ...


class Stream(Protocol):
    """One camera's open stream."""

    @property
    def sets(self) -> ParameterSets:
        """The parameter sets as the camera announced them; they may be incomplete until the first keyframe."""
        ...

    def units(self) -> Iterator[AccessUnit]:
        """The pictures as they come, in the order of decoding. It ends by raising StreamEnded, in no other way."""
        ...


class Reader(Protocol):
    """Opens cameras. A stream is used by one thread; several threads may open streams."""

    def open(self, target: Target) -> AbstractContextManager[Stream]:
        """Connect and set up the video alone; leaving the context closes it. Raises StreamEnded."""
        ...
