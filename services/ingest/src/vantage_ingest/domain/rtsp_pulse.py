"""When a camera that plays counts as silent, and when it is owed a report or a sign of life. Time comes in."""

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_REPORT_S = 5.0
_LONGEST_SIGN_S = 30.0


class Pulse:
    """One connection's, from the moment at which it plays. Times are monotonic seconds."""

    def __init__(self, now: float, read_s: float, timeout_s: float) -> None:
        self._read_s = read_s
        self._sign_s = min(timeout_s / 2, _LONGEST_SIGN_S)
        self._pictures = self._reads = 0
        self._since = now
        self._report_at = now + _REPORT_S
        self._sign_at = now + self._sign_s

    def silence(self, now: float, pictures: int, reads: int) -> StreamEnded | None:
        """The end, where no picture came for too long; `pictures` and `reads` (of packets) only ever grow."""
        if pictures != self._pictures:
            self._since, self._pictures, self._reads = now, pictures, reads
        if now - self._since < self._read_s:
            return None
        if reads > self._reads:
            return StreamEnded(EndCause.MALFORMED, f"packets, but no picture for {self._read_s:g} s")
        return StreamEnded(EndCause.STALLED, f"nothing for {self._read_s:g} s")

    def report_due(self, now: float) -> bool:
        """Whether to report now how its packets arrive (RFC 3550, section 6.2)."""
        due = now >= self._report_at
        if due:
            self._report_at = now + _REPORT_S
        return due

    def sign_due(self, now: float) -> bool:
        """Whether to give a sign of life now: in half the time after which the camera may end the session."""
        due = now >= self._sign_at
        if due:
            self._sign_at = now + self._sign_s
        return due
