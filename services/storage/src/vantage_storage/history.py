"""Follows what the scheme wants of each camera and how ingest finds it, so that the ledger can judge the past.

Read by the chores of the leading replica alone, without a group: the place in the log stands beside what was read. A
camera that was taken out of the log is retired from then on.
"""

import threading

import structlog
from confluent_kafka import Message as Record

from vantage import metrics as sdk_metrics
from vantage.contracts import Camera, CameraStatus, Undecodable, decode
from vantage_storage.adapters.history_book import HistoryBook, News
from vantage_storage.adapters.log_reader import LogReader, beginnings
from vantage_storage.domain.day import LAST_DAY, day_of
from vantage_storage.parts import Parts

_log = structlog.get_logger()

TOPICS = ("cameras.v1", "camera-status.v1")
_AT_ONCE = 5000


class History:
    """Shared by the chores that need it; one of them reads at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._book = HistoryBook(parts.pool, parts.dsn)
        self._lock = threading.Lock()
        self._listening_us: int | None = None

    def follow(self) -> int:
        """Read on to the end of both topics. Raises Retryable.

        Gives since when they were read without a break (UTC microseconds): who was silent before may have spoken.
        """
        with self._lock:
            now_us = self._parts.clock.now_us()
            try:
                self._read()
            except BaseException:
                self._listening_us = None
                raise
            if self._listening_us is None:
                self._listening_us = now_us
            return self._listening_us

    def _read(self) -> None:
        reader = LogReader(self._parts.settings.kafka_bootstrap, "storage-history")
        try:
            for topic in TOPICS:
                self._read_topic(reader, topic)
        finally:
            reader.close()

    def _read_topic(self, reader: LogReader, topic: str) -> None:
        news, today = News(), day_of(self._parts.clock.now_us())
        starts = beginnings(reader.partitions(topic), self._book.places(topic))
        for count, record in enumerate(reader.read(topic, starts), 1):
            news.places[topic, record.partition() or 0] = (record.offset() or 0) + 1
            _take(news, topic, record, today)
            if count % _AT_ONCE == 0:
                self._book.write(news)
                news = News()
            if self._parts.running.stop.is_set():
                break
        if news.places:
            self._book.write(news)


def _take(news: News, topic: str, record: Record, today: int) -> None:
    value, key = record.value(), (record.key() or b"").decode(errors="replace").replace("\0", "")
    if value is None:
        if topic == "cameras.v1":
            at_us = record.timestamp()[1] * 1000
            news.cameras.append((key, at_us))
            news.changed.append((key, min(day_of(at_us), today), today))
        return
    try:
        message = decode(topic, value)
    except Undecodable as error:
        sdk_metrics.SKIPPED_RECORDS.labels(topic).inc()
        _log.error("a record is skipped in the history of the cameras", topic=topic, key=key, error=str(error))
        return
    if isinstance(message, Camera) and _has_date(message.changed_at):
        news.cameras.append(message)
        news.changed.append((message.camera_id, min(day_of(message.changed_at), today), today))
    elif isinstance(message, CameraStatus) and message.source == "ingest" and _has_date(message.since):
        news.statuses.append(message)
        news.changed += [
            (message.camera_id, day, day) for day in map(day_of, (message.since, message.observed_at)) if day < today
        ]


def _has_date(moment_us: int) -> bool:
    return day_of(moment_us) <= LAST_DAY
