"""The engine: takes each message's effect on a camera's state, and has what was found delivered before it goes on.

A message with findings is taken in this order, so that a kill between any two steps loses none and repeats the same:
1. the new state, with its findings as `unsaid`, is in the changelog;
2. the findings are in findings.v1;
3. the state without them is written;
4. the message's offset may be committed.
After a kill before 3, whoever loads the state says what is unsaid before anything else, though rules may have changed.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from msgspec.structs import replace

from vantage.contracts import Detections, Finding
from vantage_alerts import metrics
from vantage_alerts.domain.state import CameraState, UnknownState, decode_state, encode_state
from vantage_alerts.domain.watch import Judged, judge, settle
from vantage_alerts.watchlist import Watchlist

_log = structlog.get_logger()


class States(Protocol):
    """Where states are kept, by camera. Only the message in hand's camera may be asked for."""

    def get(self, camera_id: str) -> bytes | None:
        """What was put last."""

    def put(self, camera_id: str, state: bytes) -> None:
        """Keep it; the changelog has it soon, and before the offset of the message in hand is committed."""

    async def put_and_wait(self, camera_id: str, state: bytes) -> None:
        """Keep it, and return when the changelog has it."""


class Findings(Protocol):
    """Where findings go."""

    async def deliver(self, findings: Sequence[Finding], trace: str) -> None:
        """Return when the event log has them all, however long it is away."""


class Engine:
    """Judges one message at a time: the agents of several topics share it."""

    def __init__(self, watchlist: Watchlist, states: States, findings: Findings) -> None:
        self._watchlist = watchlist
        self._states = states
        self._findings = findings
        self._cache: dict[str, CameraState] = {}
        self._turn = asyncio.Lock()

    async def judge(self, message: Detections, written_at: int, trace: str) -> None:
        """Judge a message that was written at `written_at` (UTC microseconds)."""
        if message.run_id is not None:
            metrics.BACKFILL.inc()
            return
        async with self._turn:
            before = await self._load(message.camera_id)
            judged = judge(before, message, self._watchlist.of(message.camera_id), written_at)
            await self._keep(message.camera_id, before, judged, trace)
        for reason, count in judged.skipped.items():
            metrics.FRAMES_SKIPPED.labels(reason).inc(count)

    async def settle(self, camera_id: str, trace: str) -> None:
        """Close what is open at a camera under rules that no longer watch it."""
        async with self._turn:
            before = await self._load(camera_id)
            await self._keep(camera_id, before, settle(before, self._watchlist.of(camera_id)), trace)

    def forget(self) -> None:
        """Read all states anew from where they are kept: another replica may have changed them."""
        self._cache.clear()

    async def _load(self, camera_id: str) -> CameraState:
        state = self._cache.get(camera_id)
        if state is None:
            state = self._cache[camera_id] = self._stored(camera_id)
        if state.unsaid:
            await self._say(camera_id, state, "")
        return self._cache[camera_id]

    def _stored(self, camera_id: str) -> CameraState:
        try:
            return decode_state(self._states.get(camera_id))
        except UnknownState as error:
            metrics.STATE_RESETS.inc()
            _log.error("a camera's state begins anew", camera=camera_id, reason=str(error))
            return CameraState()

    async def _keep(self, camera_id: str, before: CameraState, judged: Judged, trace: str) -> None:
        if judged.findings:
            decided = self._cache[camera_id] = replace(judged.state, unsaid=judged.findings)
            metrics.STATE_WRITES.inc()
            await self._states.put_and_wait(camera_id, encode_state(decided))
            await self._say(camera_id, decided, trace)
            return
        if judged.state.differs(before):
            metrics.STATE_WRITES.inc()
            self._states.put(camera_id, encode_state(judged.state))
        self._cache[camera_id] = judged.state

    async def _say(self, camera_id: str, state: CameraState, trace: str) -> None:
        await self._findings.deliver(state.unsaid, trace)
        for finding in state.unsaid:
            metrics.FINDINGS.labels(finding.rule_type, finding.state).inc()
        said = self._cache[camera_id] = replace(state, unsaid=())
        metrics.STATE_WRITES.inc()
        self._states.put(camera_id, encode_state(said))
