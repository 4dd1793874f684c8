"""A record as a handler sees it, and what is put aside because no handler could."""

from typing import Any

import pytest
from confluent_kafka import Message as Record

from vantage.contracts import AuditRecord, Undecodable, encode
from vantage.stream.batch import received

MESSAGE = AuditRecord(record_id="r1", at=1, actor="a", kind="decision", action="test", resource="x")


def record(value: bytes | None, topic: str = "audit.v1", **more: Any) -> Record:
    fields: dict[str, Any] = {"partition": 2, "offset": 7, "key": b"a", "timestamp": (1, 1_790_000_000_123), **more}
    return Record(topic=topic, value=value, **fields)


def test_it_is_decoded_and_says_where_it_stood() -> None:
    one = received(record(encode(MESSAGE)))
    assert one.message == MESSAGE
    assert (one.topic, one.partition, one.offset, one.key) == ("audit.v1", 2, 7, "a")


def test_the_time_of_writing_is_in_microseconds() -> None:
    assert received(record(encode(MESSAGE))).timestamp_us == 1_790_000_000_123_000


def test_headers_are_text_even_where_they_are_not() -> None:
    headers = [("traceparent", b"00-1-2-01"), ("custom", b"\xff"), ("empty", None)]
    assert received(record(encode(MESSAGE), headers=headers)).headers == {
        "traceparent": "00-1-2-01",
        "custom": "\ufffd",
        "empty": "",
    }


def test_a_key_that_is_no_text_or_none_stops_nothing() -> None:
    assert received(record(encode(MESSAGE), key=b"\xff")).key == "\ufffd"
    assert received(record(encode(MESSAGE), key=None)).key == ""


@pytest.mark.parametrize("value", [None, b"", b"\xff not json", b"{}", encode(MESSAGE)[:-1]])
def test_what_is_no_message_of_its_topic_is_undecodable(value: bytes | None) -> None:
    with pytest.raises(Undecodable):
        received(record(value))


def test_another_topics_message_is_undecodable() -> None:
    with pytest.raises(Undecodable):
        received(record(encode(MESSAGE), topic="cameras.v1"))
