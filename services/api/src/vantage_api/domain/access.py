"""Who may do what, and why: one pure function, so that the whole policy can be read and tested as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Role = Literal["operator", "investigator", "approver", "admin", "key-custodian", "auditor", "planner", "public-info"]
Action = Literal["cameras.list", "alerts.list", "alerts.stream", "view.live", "view.recorded", "view.use"]
Purpose = Literal[
    "crime-prevention",
    "crime-detection",
    "crowd-management",
    "access-request",
    "court",
    "audit",
    "maintenance",
]
Ground = Literal["granted", "role", "camera", "case", "owner"]

ROLES = frozenset(get_args(Role))
PURPOSES: tuple[str, ...] = get_args(Purpose)
CASE_PURPOSES = frozenset({"crime-detection", "court", "access-request"})
"""Purposes for which recorded video needs the case that it is looked at for."""

GRANTS: Mapping[Action, frozenset[str]] = MappingProxyType(
    {
        "cameras.list": frozenset({"operator", "investigator", "approver", "admin", "auditor", "planner"}),
        "alerts.list": frozenset({"operator", "investigator", "approver"}),
        "alerts.stream": frozenset({"operator", "investigator"}),
        "view.live": frozenset({"operator", "investigator"}),
        "view.recorded": frozenset({"investigator"}),
        "view.use": frozenset(),  # of another's view
    }
)
"""The roles that each action is open to; every other role is refused."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as the token says: subject, known roles, and the token's end (UTC seconds)."""

    subject: str
    roles: frozenset[str]
    token_ends: int


@dataclass(frozen=True)
class Wish:
    """What is asked for. `camera_known` is of the camera that a view names; an action without one leaves it true."""

    action: Action
    resource: str
    purpose: str = ""
    case: str = ""
    camera_known: bool = True


@dataclass(frozen=True)
class Decision:
    """Yes or no, on which ground, and the reason in words for the caller and for the record."""

    allowed: bool
    ground: Ground
    reason: str


def decide(caller: Caller, wish: Wish) -> Decision:
    """The decision. The role is looked at first, so that nobody without it learns which cameras there are."""
    needed = GRANTS[wish.action]
    held = caller.roles & needed
    if not held:
        return _no("role", f"{wish.action} needs one of the roles {_listed(needed)}; yours: {_listed(caller.roles)}")
    if not wish.camera_known:
        return _no("camera", f"there is no camera {wish.resource!r}; GET /v1/cameras lists those of this cell")
    if wish.action == "view.recorded" and wish.purpose in CASE_PURPOSES and not wish.case.strip():
        return _no("case", f"recorded video for {wish.purpose} needs a case: say which in `case`")
    return Decision(allowed=True, ground="granted", reason=f"{wish.action} is open to {_listed(held)}")


def _no(ground: Ground, reason: str) -> Decision:
    return Decision(allowed=False, ground=ground, reason=reason)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
