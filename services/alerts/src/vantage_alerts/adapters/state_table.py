"""The engine's states in a faust table, whose writes to the changelog can be waited for: faust sends and forgets."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from faust.exceptions import ProducerSendError

_log = structlog.get_logger()
_RETRY_S = 1.0


class StateTable(faust.Table[bytes, bytes]):
    """A table whose last write to the changelog can be waited for."""

    last_sent: Awaitable[Any] | None = None

    def send_changelog(self, *args: Any, **options: Any) -> Any:
        """Send as faust does, and keep the future."""
        self.last_sent = super().send_changelog(*args, **options)
        return self.last_sent


class TableStates:
    """The engine's states in a faust table: in RocksDB beside the process, and in the changelog for the next owner."""

    def __init__(self, table: StateTable) -> None:
        self._table = table

    def get(self, camera_id: str) -> bytes | None:
        """What was put last."""
        value: bytes | None = self._table.get(camera_id.encode())
        return value

    def put(self, camera_id: str, state: bytes) -> None:
        """Keep it; faust flushes the changelog before it commits offsets."""
        self._table[camera_id.encode()] = state

    async def put_and_wait(self, camera_id: str, state: bytes) -> None:
        """Keep it, and return when the changelog has it; tried until then."""
        while True:
            self.put(camera_id, state)
            try:
                await asyncio.shield(self._table.last_sent)  # type: ignore[arg-type]
            except (KafkaError, ProducerSendError) as error:
                _log.warning(
                    "keeping a state and trying again", changelog=self._table.changelog_topic_name, error=str(error)
                )
                await asyncio.sleep(_RETRY_S)
            else:
                return
