"""What a service brings to the loop: a handler; and the messages that go in and out of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vantage.contracts import Message
from vantage.errors import VantageError

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Received(Generic[M]):
    """A decoded message and where it stood; `timestamp_us` is when it was written (UTC microseconds)."""

    message: M
    topic: str
    partition: int
    offset: int
    key: str
    timestamp_us: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """A message to be published before the batch's offsets are committed."""

    topic: str
    message: Message
    key: str | None = None


class Poison(VantageError):
    """This one message can never be handled: it goes to the dead-letter topic, the rest of its batch goes on."""

    def __init__(self, received: Received[M], reason: str) -> None:
        super().__init__(reason)
        self.received = received


class Handler(Generic[M]):
    """The service's work on a batch. It may be called again with the same messages, so it must be idempotent.

    It runs in one thread of its own. Raising `Poison` dead-letters one message; a `Retryable` error keeps the batch and
    tries again; any other error makes the loop halve the batch until the message that fails stands alone, and
    dead-letter that one. So `handle` may see a message whose effect is partly there, and smaller batches than before.

    A tombstone (a null value on a compacted topic) is not handed over: what is removed, a `Table` follows.
    """

    def handle(self, batch: Sequence[Received[M]]) -> Iterable[Outgoing]:
        """Do the work of a batch, in order within each partition; what is returned is published before the commit."""
        raise AssertionError(batch)  # a handler without work is a mistake in the program

    def idle(self) -> Iterable[Outgoing]:
        """Called when nothing came for a while, and under load between batches about as often.

        An error other than a Retryable ends the loop's run: there is no message to blame.
        """
        return ()

    def start_offsets(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:  # noqa: ARG002
        """Where to begin partitions that were given to this replica, for a handler that keeps offsets with its effects.

        A partition that is not named begins where the group has committed. An error ends the loop's run: the place is
        not known, and to begin elsewhere could leave messages out. It is called in the loop's thread, perhaps while
        `handle` runs.
        """
        return {}

    def assigned(self, topic: str, partitions: Sequence[int]) -> None:
        """Partitions were given to this replica."""

    def revoked(self, topic: str, partitions: Sequence[int]) -> Iterable[Outgoing]:  # noqa: ARG002
        """Partitions were taken away: let go of their state.

        What is returned is published in one short try, unless another replica may have the partitions already. At a
        kill this is never called, so it may only make things earlier, never be what they depend on.
        """
        return ()
