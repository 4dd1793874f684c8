"""From a record of `alerts.v1` to an event on the stream: the data is the record's JSON as it is."""

from collections.abc import Sequence

import structlog
from confluent_kafka import Message as Record
from fastapi.sse import format_sse_event

from vantage.contracts import AlertEvent, Undecodable, decode
from vantage_api import metrics
from vantage_api.domain.duplicates import Duplicates
from vantage_api.domain.tail import Event

_log = structlog.get_logger()
TOPIC = "alerts.v1"
PARTITION = 0


def to_events(records: Sequence[Record], seen: Duplicates) -> list[Event]:
    """The events of some records; copies and what cannot be read are left out, the latter with a line in the log."""
    return [event for record in records if (event := _event(record, seen)) is not None]


def _event(record: Record, seen: Duplicates) -> Event | None:
    value, offset = record.value() or b"", record.offset() or 0
    try:
        alert = decode(TOPIC, value)
    except Undecodable as error:
        metrics.SKIPPED.labels(TOPIC).inc()
        _log.error("an alert cannot be read and is not shown", offset=offset, error=str(error))
        return None
    if not isinstance(alert, AlertEvent) or not seen.is_new(alert.alert_id, alert.revision):
        metrics.COPIES.inc()
        return None
    return Event(offset, format_sse_event(event=alert.change, data_str=value.decode(), id=str(offset)))
