"""A view: one allowed look, for one subject, that ends by itself."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["live", "recorded"]
Standing = Literal["good", "foreign", "expired", "camera-gone"]

LIFETIME_US = 60 * 60 * 1_000_000
"""How long a view can be used, microseconds."""
LONGEST_WINDOW_US = 4 * 60 * 60 * 1_000_000
"""The longest recorded window of one view, microseconds: its playlist stays under a megabyte."""


@dataclass(frozen=True)
class View:
    """What was allowed, to whom, and until when. Times are UTC microseconds; the window is of capture time."""

    view_id: str
    subject: str
    camera_id: str
    kind: Kind
    purpose: str
    case: str
    created_us: int
    expires_us: int
    from_us: int = 0
    to_us: int = 0


def standing(view: View, subject: str, now_us: int, *, camera_known: bool) -> Standing:
    """Whether a subject may use a view now. Whose it is comes first: others learn nothing more about it."""
    if view.subject != subject:
        return "foreign"
    if now_us >= view.expires_us:
        return "expired"
    return "good" if camera_known else "camera-gone"


def window_fault(kind: Kind, from_us: int | None, to_us: int | None) -> str:
    """What is wrong with the window that a look asks for, in words; empty where nothing is."""
    if kind == "live":
        return "" if from_us is None and to_us is None else "a live view has no from_us and to_us: leave them out"
    if from_us is None or to_us is None:
        return "a recorded view needs from_us and to_us, UTC microseconds of capture"
    if from_us >= to_us:
        return f"from_us ({from_us}) must be before to_us ({to_us})"
    if to_us - from_us > LONGEST_WINDOW_US:
        hours = LONGEST_WINDOW_US // 3_600_000_000
        return f"the window is {(to_us - from_us) / 3.6e9:.1f} hours long, {hours} at most: ask for several views"
    return ""
