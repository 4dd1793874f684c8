"""Ids that a replay makes again, so that nothing is written twice.

Each is a prefix and the first 128 bits of a SHA-256 over its parts, joined by a byte that no part may hold.
"""

import hashlib
from typing import Protocol

_SEPARATOR = "\x1f"


class Now(Protocol):
    """The part of `vantage.clock.Clock` that is asked here: a pure domain may import ids, and no clock with them."""

    def now_us(self) -> int:
        """UTC, microseconds since 1970."""
        ...


def derive(prefix: str, *parts: str | int) -> str:
    """`<prefix>_<32 hex digits>`, the same for the same parts for ever."""
    text = _SEPARATOR.join(str(part) for part in parts)
    return f"{prefix}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def fragment_id(camera_id: str, epoch: int, start: int, stream: str = "main") -> str:
    """The id of the fragment that a camera began at `start` (UTC microseconds of capture) in an epoch."""
    return derive("frg", camera_id, epoch, start, *([] if stream == "main" else [stream]))


def recording_id(camera_id: str, start: int, epoch: int) -> str:
    """The id of the recording that begins at `start` (UTC microseconds of capture)."""
    return derive("rec", camera_id, start, epoch)


def track_id(camera_id: str, detector_version: str, start: int, number: int) -> str:
    """The id of a finished track; `detector_version` is `<detector>@<version>`."""
    return derive("trk", camera_id, detector_version, start, number)


def alert_id(rule_id: str, rule_version: int, camera_id: str, window_start: int) -> str:
    """The id of the alert that a rule's version opens for a camera at `window_start` (UTC microseconds)."""
    return derive("alr", rule_id, rule_version, camera_id, window_start)


def finding_id(alert: str, step: int) -> str:
    """The id of one step in an alert's life in the engine."""
    return derive("fnd", alert, step)


def event_id(alert: str, revision: int) -> str:
    """The id of one change of an alert at the desk."""
    return derive("evt", alert, revision)


def new_epoch(clock: Now) -> int:
    """An ownership's number: later ownerships have higher ones (milliseconds of UTC when it began)."""
    return clock.now_us() // 1000
