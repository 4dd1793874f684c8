"""One line in the log for a trouble, and one when it is over; the same trouble again only rarely."""

import threading

import structlog

from vantage.clock import Clock

_AGAIN_S = 600.0
_log = structlog.get_logger()


class Said:
    """Remembers what was said of each subject. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: dict[str, tuple[str, float]] = {}

    def bad(self, subject: str, event: str, reason: str) -> None:
        """Say a trouble unless it was said within the last ten minutes."""
        now = self._clock.monotonic()
        with self._lock:
            said, at = self._since.get(subject, ("", 0.0))
            if said == event and now - at < _AGAIN_S:
                return
            self._since[subject] = event, now
        _log.warning(event, reason=reason)

    def good(self, subject: str, event: str) -> None:
        """Say that a trouble is over, if it was said."""
        with self._lock:
            known = self._since.pop(subject, None)
        if known is not None:
            _log.info(event)
