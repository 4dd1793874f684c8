"""Messages as a loop would hand them over, for unit tests of a handler."""

from typing import TypeVar

from vantage.contracts import Message
from vantage.stream.handler import Received
from vantage.topics import TOPICS

M = TypeVar("M", bound=Message)


def received(topic: str, *messages: M, first_offset: int = 0, partition: int = 0) -> list[Received[M]]:
    """A batch of one partition, in order, each under its topic's key."""
    key = TOPICS[topic].key
    return [
        Received(
            message=message,
            topic=topic,
            partition=partition,
            offset=offset,
            key=str(getattr(message, key)),
            timestamp_us=0,
        )
        for offset, message in enumerate(messages, first_offset)
    ]
