"""A record of the event log as it was read: bytes, so that a dead letter is what was there."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RawRecord:
    """Bytes, headers and place of a record. `written_at` is UTC microseconds. Its methods are those of the client's
    own records, which the SDK's dead letters ask.
    """

    place: tuple[str, int, int]
    raw_key: bytes | None
    raw_value: bytes | None
    raw_headers: Sequence[tuple[str, bytes]]
    written_at: int

    @property
    def trace(self) -> str:
        """The traceparent that it came with, or nothing."""
        return dict(self.raw_headers).get("traceparent", b"").decode(errors="replace")

    def topic(self) -> str:
        """Where it was read."""
        return self.place[0]

    def partition(self) -> int:
        """In which partition."""
        return self.place[1]

    def offset(self) -> int:
        """At which offset."""
        return self.place[2]

    def key(self) -> bytes | None:
        """Its key as it was."""
        return self.raw_key

    def value(self) -> bytes | None:
        """Its value as it was."""
        return self.raw_value

    def headers(self) -> list[tuple[str, bytes]]:
        """Its headers as they were."""
        return list(self.raw_headers)
