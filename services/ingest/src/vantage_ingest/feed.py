"""One stream of a camera, over all its connections: opens it, cuts what comes, and after each end opens it again.

It has no thread: the loop calls it. Every end has a named cause; none leaves it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from vantage.contracts.base import StreamName
from vantage_ingest import metrics
from vantage_ingest.adapters.loop import Timer
from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.clock_alarm import Alarm
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.init_segment import UnreadableParameters
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.orders import Duty
from vantage_ingest.ports import Connection
from vantage_ingest.surroundings import Surroundings

_STEADY_FRAGMENTS = 5
"""After so many fragments a connection counts as good, and the next wait is a first one."""
_PATIENT = {
    EndCause.REFUSED,
    EndCause.NO_CREDENTIAL,
    EndCause.BAD_ADDRESS,
    EndCause.FORBIDDEN_ADDRESS,
    EndCause.UNTRUSTED,
    EndCause.NOT_HANDLED,
}
_log = structlog.get_logger()


class Taker(Protocol):
    """Who owns a feed."""

    def take(self, cut: Cut) -> None:
        """A finished fragment."""
        ...

    def broke(self, end: StreamEnded) -> None:
        """The connection ended, after its last fragment was taken; another is tried."""
        ...


class Feed:
    """A reader's sink. `start` and `stop` it in the loop's thread."""

    def __init__(self, stream: StreamName, duty: Duty, epoch: int, around: Surroundings, taker: Taker) -> None:
        self._stream: StreamName = stream
        self._duty = duty
        self._around = around
        self._taker = taker
        self._capture = CaptureClock(around.trust_us)
        self.assembler = Assembler(duty.camera.fragment_seconds, self._capture, epoch, around.new_epoch)
        self._reader = around.reader(duty)
        self._backoff = around.backoff()
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._stopped = False
        self._fragments = 0
        self._lost = self._told = 0
        self.reconnects = 0

    @property
    def offset_us(self) -> int | None:
        """The camera's clock less ours, as last known."""
        return self._capture.offset_us

    @property
    def clock_alarm(self) -> Alarm | None:
        """What is wrong with the camera's clock, or with ours."""
        return self._capture.alarm

    @property
    def lost_packets(self) -> int:
        """Packets known to be missing, over all connections."""
        return self._lost + (self._connection.lost_packets if self._connection else 0)

    def start(self) -> None:
        """Open the camera as soon as it is its turn."""
        self._wait(0.0)

    def stop(self) -> None:
        """Let go of the camera; what its last pictures make is taken before this returns."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._disconnect()

    def opened(self, sets: ParameterSets) -> None:
        """The camera plays."""
        self._fragments = 0
        self.assembler.connect(sets)

    def units(self, units: Sequence[AccessUnit]) -> None:
        """The next pictures."""
        self._around.loop.serving[0] = self._duty.number
        feed, take = self.assembler.feed, self._take
        try:
            for unit in units:
                cut = feed(unit)
                if cut is not None:
                    take(cut)
        except UnreadableParameters as error:
            self.ended(StreamEnded(EndCause.UNREADABLE, str(error)))
        except Exception as error:  # noqa: BLE001  # a camera's fault stays its own
            _log.exception("reading a camera failed", camera=self._duty.camera.camera_id)
            self.ended(StreamEnded(EndCause.FAILED, type(error).__name__))

    def ended(self, end: StreamEnded) -> None:
        """Nothing follows on this connection."""
        self._disconnect()
        if self._stopped:
            return
        metrics.STREAM_ENDS.labels(end.cause.value).inc()
        self.reconnects += 1
        self._taker.broke(end)
        if not self._stopped:
            self._wait(self._backoff.next(patient=end.cause in _PATIENT))

    def _take(self, cut: Cut) -> None:
        self._fragments += 1
        if self._fragments == _STEADY_FRAGMENTS:
            self._backoff.reset()
        self._count_lost()
        self._taker.take(cut)

    def _count_lost(self) -> None:
        lost, self._told = self.lost_packets - self._told, self.lost_packets
        if lost:
            metrics.LOST_PACKETS.inc(lost)

    def _wait(self, seconds: float) -> None:
        self._timer = self._around.loop.call_later(seconds, self._attempt)

    def _attempt(self) -> None:
        """Its wait is over: open it when the process may open one more."""
        turn = self._around.attempts.reserve(self._around.clock.monotonic())
        if turn:
            self._timer = self._around.loop.call_later(turn, self._open)
        else:
            self._open()

    def _open(self) -> None:
        self._timer = None
        try:
            target = self._around.target(self._duty.camera, self._stream)
            connection = self._reader.open(replace(target, number=self._duty.number), self)
        except StreamEnded as end:
            self.ended(end)
        except Exception as error:  # noqa: BLE001  # a camera's fault stays its own
            _log.exception("opening a camera failed", camera=self._duty.camera.camera_id)
            self.ended(StreamEnded(EndCause.FAILED, type(error).__name__))
        else:
            if self._timer is None:  # else it has ended within the call
                self._connection = connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._lost += connection.lost_packets
            connection.close()
        metrics.SKIPPED_FRAMES.inc(self.assembler.skipped)
        try:
            if (cut := self.assembler.disconnect()) is not None:
                self._take(cut)
        except UnreadableParameters:
            return  # what there was cannot be shown by anybody
        except Exception:  # noqa: BLE001  # a camera's fault stays its own, and it is to be opened again
            _log.exception("the last pictures of a connection are lost", camera=self._duty.camera.camera_id)
