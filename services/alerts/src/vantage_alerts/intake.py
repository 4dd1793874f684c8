"""What is done with each record of each topic the engine follows, and with those that cannot be handled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

import structlog

from vantage import metrics
from vantage.contracts import CameraStatus, Detections, Undecodable, decode
from vantage.errors import VantageError
from vantage_alerts.domain.continuity import Continuity
from vantage_alerts.engine import Engine
from vantage_alerts.errors import RecordsSkipped
from vantage_alerts.record import RawRecord
from vantage_alerts.watchlist import Watchlist

_log = structlog.get_logger()
DETECTIONS, CAMERAS, STATUS, RULES = "detections.v1", "cameras.v1", "camera-status.v1", "rules.v1"
JOINED = (DETECTIONS, CAMERAS, STATUS)
_LOOK_S = 0.02
_LOOKS = 250


class Letters(Protocol):
    """Where records go that cannot be handled."""

    async def bury(self, record: RawRecord, reason: str) -> None:
        """Return when the dead-letter topic has it. Raises DeadLetterLimit."""

    def went_well(self) -> None:
        """One was handled."""


class Intake:
    """Each method returns when the record's effect is there, so that its offset may be committed.

    None of them raises: faust would go on with the next record. What may not be passed over is kept in `failure`, and
    the record is held until the engine is stopped. `taken` is the next offset of each partition.
    """

    def __init__(self, engine: Engine, watchlist: Watchlist, letters: Letters, continuity: Continuity) -> None:
        self._continuity = continuity
        self._engine = engine
        self._watchlist = watchlist
        self._letters = letters
        self.failure: VantageError | None = None
        self.taken: dict[tuple[str, int], int] = {}

    async def detections(self, record: RawRecord) -> None:
        """Judge a detector's message, unless one before it never came: the engine then reads again from its commit."""
        if not self._continuity.follows((record.topic(), record.partition()), record.offset()):
            await self._hold(RecordsSkipped(record.place))
        await self._guard(record, self._judge)

    async def camera(self, record: RawRecord) -> None:
        """Close what a camera's new state leaves without a rule."""
        await self._guard(record, self._settle_camera)

    async def status(self, record: RawRecord) -> None:
        """Close what a changed rule has left open, at a camera from which no detections come."""
        await self._guard(record, self._settle_status)

    async def _judge(self, record: RawRecord) -> None:
        message = cast("Detections", decode(DETECTIONS, record.raw_value or b""))
        await self._engine.judge(message, record.written_at, record.trace)

    async def _settle_camera(self, record: RawRecord) -> None:
        if record.raw_value is not None:
            decode(CAMERAS, record.raw_value)
        await self._until_read(record)
        await self._engine.settle((record.raw_key or b"").decode(errors="replace"), record.trace)

    async def _settle_status(self, record: RawRecord) -> None:
        if record.raw_value is not None:
            status = cast("CameraStatus", decode(STATUS, record.raw_value))
            await self._engine.settle(status.camera_id, record.trace)

    async def _until_read(self, record: RawRecord) -> None:
        """Wait until the table, which reads the same topic by itself, has come as far; it is never far behind."""
        for _ in range(_LOOKS):
            if self._watchlist.has_read(record.partition(), record.offset()):
                return
            await asyncio.sleep(_LOOK_S)
        _log.warning("the table of cameras is behind", partition=record.partition(), offset=record.offset())

    async def _guard(self, record: RawRecord, work: Callable[[RawRecord], Awaitable[None]]) -> None:
        try:
            await work(record)
            self._letters.went_well()
        except VantageError as error:
            await self._hold(error)
        except Undecodable as error:
            await self._bury(record, str(error))
        except Exception as error:  # noqa: BLE001  # faust would acknowledge what raised
            _log.exception("a record cannot be handled", topic=record.topic())
            await self._bury(record, f"{type(error).__name__}: {error}")
        metrics.CONSUMED.labels(record.topic()).inc()
        self.taken[record.topic(), record.partition()] = record.offset() + 1

    async def _bury(self, record: RawRecord, reason: str) -> None:
        try:
            await self._letters.bury(record, reason)
        except VantageError as error:
            await self._hold(error)

    async def _hold(self, error: VantageError) -> None:
        """Never return, so that the record is never acknowledged; the engine's end cancels this."""
        self.failure = error
        await asyncio.Event().wait()
