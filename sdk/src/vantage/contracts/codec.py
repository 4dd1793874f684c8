"""Bytes to structs and back: one prepared encoder and one decoder a topic: making them costs more than a message."""

from functools import cache

import msgspec

from vantage.contracts.base import Message
from vantage.contracts.registry import CONTRACTS

_ENCODER = msgspec.json.Encoder()


class Undecodable(ValueError):
    """The bytes are not a message of the topic. It is for the dead-letter topic: a retry cannot help."""


def encode(message: Message) -> bytes:
    """The message as JSON, UTF-8."""
    return _ENCODER.encode(message)


def decode(topic: str, data: bytes) -> Message:
    """The topic's struct from JSON; unknown fields are ignored.

    Raises Undecodable with the field and what was expected there, LookupError where the topic has no contract.
    """
    try:
        return _decoder(topic).decode(data)
    except msgspec.DecodeError as error:  # ValidationError is one, too
        msg = f"{topic}: {error}; the first bytes are {data[:80]!r}"
        raise Undecodable(msg) from error


@cache
def _decoder(topic: str) -> msgspec.json.Decoder[Message]:
    contract = CONTRACTS.get(topic)
    if contract is None:
        msg = f"no contract for topic {topic!r}: the topics are {', '.join(CONTRACTS)}"
        raise LookupError(msg)
    return msgspec.json.Decoder(contract)
