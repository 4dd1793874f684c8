"""A hold: what must not go on time, under whose authority and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vantage.ids import derive

Kind = Literal["case", "access-request", "court"]
ACCESS_REQUEST: Final = "access-request"


@dataclass(frozen=True)
class Decision:
    """The gateway's decision behind a command: its id, who asked, and who else agreed (empty where nobody had to)."""

    decision_id: str
    requester: str
    approver: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Wish:
    """What is to be held: recordings of these cameras that lie in the window for a part of it. Times are UTC
    microseconds; without an end it is the one that the kind has by itself.
    """

    kind: Kind
    case_ref: str
    authority: str
    cameras: Sequence[str]
    from_us: int
    to_us: int
    ends_us: int | None = None


@dataclass(frozen=True)
class Hold:
    """A hold as it stands, or stood: `ended_us` is when it ended, `gone_us` when nothing was left of its copies."""

    hold_id: str
    kind: Kind
    case_ref: str
    authority: str
    cameras: Sequence[str]
    from_us: int
    to_us: int
    ends_us: int
    requester: str
    approver: str
    placed_us: int
    ended_us: int | None = None
    end_reason: str = ""
    gone_us: int | None = None

    @property
    def state(self) -> Literal["standing", "ending", "gone"]:
        """`ending` is a hold that is over while a lock still keeps some copy of it."""
        if self.ended_us is None:
            return "standing"
        return "ending" if self.gone_us is None else "gone"


def hold_id(decision_id: str) -> str:
    """The id of the hold that a decision makes."""
    return derive("hld", decision_id)
