"""An order to destroy what one camera recorded in a span of time before its date: accidental private capture.

Two persons give it, and it stands until everything of its span would have gone by itself: what still comes for the span
goes as well.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """One order. A recording that lies in the span for a part of it goes whole: it cannot be cut."""

    destruction_id: str
    decision_id: str
    camera_id: str
    from_us: int
    to_us: int
    requester: str
    approver: str
    reason: str
    placed_us: int

    def covers(self, camera_id: str, start_us: int, end_us: int) -> bool:
        """Whether what this camera captured from `start_us` to `end_us` goes."""
        return camera_id == self.camera_id and start_us < self.to_us and end_us > self.from_us
