"""What ingest asks of the outside world. All readers of cameras stand behind `Reader`, held by one suite."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from vantage.contracts import Message
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded


@dataclass(frozen=True)
class Target:
    """What to open. `url` never holds a password; `credential` is `user:password`, or empty, and is never shown.

    `certificate` is the SHA-256 (hex) that an rtsps camera's certificate must have where no authority vouches for it.
    `number` is the camera's in notes that outlive a crash: a reader gives it to `Loop.watch`, and to `Notes` in a
    thread of its own.
    """

    url: str
    credential: str = field(default="", repr=False)
    transport: str = "tcp"
    certificate: str | None = None
    number: int = 0


class Notes(Protocol):
    """Where threads say which camera they read, so that it is known after a crash of the process."""

    def thread(self, number: int) -> AbstractContextManager[None]:
        """For as long as the calling thread reads this camera."""
        ...


class Address(Protocol):
    """Where a camera's name led: the host as written, and the one address that was checked and is to be opened."""

    @property
    def host(self) -> str:
        """As the url has it."""
        ...

    @property
    def ip(self) -> str:
        """What to connect to."""
        ...

    @property
    def port(self) -> int:
        """The url's, or the scheme's own."""
        ...


class Resolver(Protocol):
    """Finds cameras, and only where cameras may be."""

    def address(self, url: str) -> Address:
        """Resolve, check and pin; blocks. Raises StreamEnded."""
        ...


class Announcer(Protocol):
    """Puts messages on the event log; the SDK's Publisher is one. Calls may raise VantageError."""

    def publish(self, topic: str, message: Message) -> None:
        """Queue a message."""
        ...

    def flush(self) -> None:
        """Wait until all that this thread queued is delivered; raises where it is not."""
        ...


class Sink(Protocol):
    """Where one connection's pictures go. Every call comes from the loop's thread, in this order: `opened` once,
    `units` any number of times, `ended` once and last; `ended` alone where the camera could not be opened.
    """

    def opened(self, sets: ParameterSets) -> None:
        """The camera plays; its parameter sets as announced, which may be incomplete until the first keyframe."""
        ...

    def units(self, units: Sequence[AccessUnit]) -> None:
        """The next pictures, in the order of decoding."""
        ...

    def ended(self, end: StreamEnded) -> None:
        """Nothing follows, and why."""
        ...


class Connection(Protocol):
    """One camera's connection."""

    @property
    def lost_packets(self) -> int:
        """RTP packets that are known to be missing, since the connection began; 0 where the reader cannot know."""
        ...

    def close(self) -> None:
        """End it, from the loop's thread: the sink is not called again. Closing twice is no error."""
        ...


class Reader(Protocol):
    """Opens cameras. Nothing here blocks: connecting and reading go on beside the loop or in its turns."""

    def open(self, target: Target, sink: Sink) -> Connection:
        """Begin to connect, to set up the video alone, and to read, from the loop's thread. Raises nothing: what goes
        wrong comes to the sink.
        """
        ...
