"""`<topic>.dlq`: the original bytes under their original key; why they are here stands in the headers."""

from typing import Annotated

from msgspec import Meta

from vantage.contracts.base import Message, Text


class DeadLetterHeaders(Message, frozen=True, kw_only=True):
    """The headers of a dead letter, each a UTF-8 string on the wire. The value of the message is left as it was."""

    error: Text
    service: Text
    topic: Text
    partition: Annotated[str, Meta(pattern="^[0-9]+$")]
    offset: Annotated[str, Meta(pattern="^[0-9]+$")]
    failed_at: Annotated[str, Meta(pattern="^[0-9]+$", description="UTC microseconds.")]
