"""The faust application: how the engine's topics are consumed, and where its state lies.

What faust does by itself and must not do here:
- it acknowledges a message whose agent raised or was cancelled: the streams are `noack`, and a message is acknowledged
  when its effect is there;
- it drops what it cannot decode: bytes are taken raw, empty ones too;
- it sends the changelog and forgets it: `StateTable` waits for it;
- when its state is read, it lets the streams flow before it has sought to the committed offsets, then empties their
  queues, and takes the records that come again for known ones (faust-streaming 0.15.3, in `on_recovery_completed`):
  after a kill with a backlog hundreds of records were left out. `before_streams` keeps the flow shut until then.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import faust

from vantage_alerts.adapters.library_logs import calm_logs
from vantage_alerts.adapters.state_table import StateTable
from vantage_alerts.record import RawRecord
from vantage_alerts.settings import EngineSettings

_MAX_POLL_INTERVAL_S = 300.0
_ROCKSDB = {"driver": "rocksdict", "block_cache_size": 8 << 20, "write_buffer_size": 4 << 20}

Take = Callable[[RawRecord], Awaitable[None]]
Begin = Callable[[Mapping[tuple[str, int], int]], Awaitable[None]]


def make_app(settings: EngineSettings, partitions: int) -> tuple[faust.App, StateTable]:
    """The application and its table; it begins nothing."""
    calm_logs()
    session_s = settings.kafka_session_timeout_ms / 1000
    app = faust.App(
        settings.alerts_engine_group,
        broker=";".join(f"kafka://{address.strip()}" for address in settings.kafka_bootstrap.split(",")),
        store="rocksdb://",
        datadir=settings.engine_dir,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"alerts-engine-{settings.replica}",
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 5,
        broker_max_poll_interval=_MAX_POLL_INTERVAL_S,
        broker_commit_interval=settings.alerts_commit_interval_s,
        producer_acks=-1,
        producer_compression_type="zstd",
        stream_wait_empty=False,
        Table=StateTable,
    )
    table: Any = app.Table("cameras", key_type=bytes, value_type=bytes, partitions=partitions, options=dict(_ROCKSDB))
    return app, table


def before_streams(app: faust.App, table: StateTable, begin: Begin) -> None:
    """Once the state is read, keep the streams shut until faust has sought, and tell `begin` where each partition of
    the topics goes on: at what is committed, or at its first record where nothing is.
    """

    async def recovered() -> None:
        try:
            await shut_and_begin()
        except Exception as error:  # noqa: BLE001  # faust passes over what a callback raises
            await app.crash(error)

    async def shut_and_begin() -> None:
        consumer: Any = app.consumer
        consumer.stop_flow()
        app.flow_control.suspend()
        committed = await consumer.seek_to_committed()
        first = await consumer.earliest_offsets(*committed)
        await begin({(tp.topic, tp.partition): max(offset or 0, first[tp]) for tp, offset in committed.items()})

    table.on_recover(recovered)


def follow(app: faust.App, topic: str, take: Take) -> None:
    """Hand each record of a topic to `take`, one after the other; it is acknowledged when `take` returns."""

    async def agent(stream: Any) -> None:
        source = stream.noack()
        async for event in _events(source):
            await take(_raw(event.message))
            await source.ack(event)

    channel = app.topic(topic, key_type=bytes, value_type=bytes, allow_empty=True)
    app.agent(channel, name=topic, concurrency=1)(agent)


def _events(stream: Any) -> AsyncIterator[Any]:
    events: AsyncIterator[Any] = stream.events()
    return events


def _raw(message: Any) -> RawRecord:
    headers = message.headers.items() if isinstance(message.headers, Mapping) else message.headers or ()
    return RawRecord(
        (message.topic, message.partition, message.offset),
        message.key,
        message.value,
        [(str(name), bytes(value or b"")) for name, value in headers],
        round(message.timestamp * 1_000_000),
    )
