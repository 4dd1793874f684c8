"""What a stream says of two clocks: the camera's, by its sender reports, and ours, by the arrival of its pictures.

Both are measured against the stream's own time stamps, so a step of one is told from a step of the other: only the one
that was set moves against the stamps. Pictures arrive late, never early, so the least late of a minute is taken.
"""

from collections import deque

from vantage_ingest.domain.stream import AccessUnit

WINDOW = 60
"""Fragments over which the least delay is sought: a stall of the network must not look like a step of a clock."""
OWN_STEP_US = 10_000_000
"""Pictures cannot arrive so much earlier, nor for a whole window so much later, unless our own clock was set: a stream
that lags by this much has ended as stalled.
"""
STALE_US = 15_000_000
"""After stamps that jumped a report is worth nothing until it changes, or was repeated: cameras send one in 5 s."""
_SAME_US = 20_000
_NEVER = 1 << 62


class ClockSense:
    """One camera's clocks. `heard` is when the last picture arrived, by our clock."""

    def __init__(self) -> None:
        self.heard = 0
        self.camera: int | None = None
        """The camera's clock less stream time, microseconds, by the last report."""
        self._delays: deque[int] = deque(maxlen=WINDOW)
        self._delay = _NEVER
        self._least: int | None = None
        self._away: int | None = None
        self._stale: int | None = None
        self._stale_until = 0

    def reconnect(self, *, jumped: bool) -> None:
        """Time stamps begin anew; `jumped` says that they did within a connection, where old reports still count."""
        if self._away is None:
            self._away = self.heard
        if jumped and self.camera is not None:
            self._stale, self._stale_until = self.camera, self.heard + STALE_US
        elif not jumped:
            self._stale = None
        self.camera = self._least = None
        self._delay = _NEVER
        self._delays.clear()

    def observe(self, unit: AccessUnit, pts: int) -> None:
        """Learn from a picture; `pts` in ticks, made up where the stream gave none."""
        stream_us = pts * 100 // 9
        arrived = unit.arrived_us
        if arrived - stream_us < self._delay:  # noqa: PLR1730  # a call a picture costs more
            self._delay = arrived - stream_us
        self.heard = arrived
        if unit.captured_us is not None:
            self.camera = unit.captured_us - stream_us

    def arrival(self) -> tuple[int, int]:
        """At a fragment's begin: our clock at the least late arrival less stream time, and by how much our clock was
        set since the last call; both in microseconds.
        """
        if self._delay != _NEVER:
            self._delays.append(self._delay)
            self._delay = _NEVER
        least = min(self._delays, default=0)
        before, self._least = self._least, least
        step = least - before if before is not None else self._set_back_while_away()
        return least, step if abs(step) > OWN_STEP_US else 0

    def reported(self) -> int | None:
        """The camera's clock less stream time, unless the report refers to stamps of before a jump."""
        if self._stale is None or self.camera is None:
            return self.camera
        if self.heard < self._stale_until and abs(self.camera - self._stale) <= _SAME_US:
            return None
        self._stale = None
        return self.camera

    def _set_back_while_away(self) -> int:
        """A connection that begins before the last one ended, by our clock, shows that it was set back."""
        away, self._away = self._away, None
        return min(0, self.heard - away) if away else 0
