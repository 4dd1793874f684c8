"""Which cameras may not be read with others, because reading them ended the process again and again.

A camera is *free* until it has ended its process `strikes` times within `window_s`; then it *rests* for `rest_s`, and
after that is on *trial*: read alone, where its crash costs nobody. A trial that lasts `window_s` sets it free, a crash
within it lets it rest again, twice as long, up to `longest_s`.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Standing = Literal["free", "resting", "trial"]


@dataclass
class _Record:
    strikes: deque[float] = field(default_factory=deque)
    rest_s: float = 0.0
    until: float = 0.0


class Quarantine:
    """The standing of each camera. Times are seconds that never run backwards."""

    def __init__(
        self, *, strikes: int = 3, window_s: float = 600.0, rest_s: float = 900.0, longest_s: float = 14_400.0
    ) -> None:
        self._limit = strikes
        self._window_s = window_s
        self._rest_s = rest_s
        self._longest_s = longest_s
        self._records: dict[str, _Record] = {}

    def strike(self, camera_id: str, now: float) -> Standing:
        """Its process died or hung while it was fed; gives its standing now."""
        before = self.standing(camera_id, now)
        record = self._records.setdefault(camera_id, _Record())
        record.strikes.append(now)
        while record.strikes[0] <= now - self._window_s:
            record.strikes.popleft()
        if before == "trial" or len(record.strikes) >= self._limit:
            record.rest_s = min(self._longest_s, record.rest_s * 2 or self._rest_s)
            record.until = now + record.rest_s
        return self.standing(camera_id, now)

    def standing(self, camera_id: str, now: float) -> Standing:
        """How it may be read at this moment."""
        record = self._records.get(camera_id)
        if record is None or not record.until or now >= record.until + self._window_s:
            return "free"
        return "resting" if now < record.until else "trial"

    def rest_left(self, camera_id: str, now: float) -> float:
        """Seconds until its trial."""
        record = self._records.get(camera_id)
        return max(0.0, record.until - now) if record else 0.0

    def forgive(self, camera_id: str) -> None:
        """Its source was changed: what it did before is no sign of what it does now."""
        self._records.pop(camera_id, None)

    def resting(self, now: float) -> list[str]:
        """The cameras that are not read now."""
        return [camera_id for camera_id in self._records if self.standing(camera_id, now) == "resting"]
