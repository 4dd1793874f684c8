"""Which holds may be placed, extended and released: each rule a refusal that says what to send instead.

The gateway decides; storage refuses what lacks the decision, a second person, an authority, a scope or an end.
"""

import re
from collections.abc import Sequence
from typing import Final

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import ACCESS_REQUEST, Decision, Hold, Kind, Wish, hold_id
from vantage_storage.domain.second_person import refuse_one_person
from vantage_storage.errors import Refused

ACCESS_REQUEST_DAYS: Final = 40 + 14
"""An access request is answered within 40 days, and what it is about stays for 14 days after the answer."""
MOST_CAMERAS: Final = 1000
_CAMERA = re.compile(r"[a-z0-9][a-z0-9-]{0,15}\.[a-z0-9][a-z0-9-]{0,47}")
_LAST_US: Final = 253_402_300_800_000_000  # the year 10000 has no day in the index
_CONFLICT = 409


def placed(wish: Wish, decision: Decision, *, cell: str, now_us: int, most_days: int) -> Hold:
    """The hold that is to be placed. Raises Refused for one that may not be."""
    _refuse_undecided(decision)
    if wish.kind != ACCESS_REQUEST or decision.approver:
        refuse_one_person(decision)
    _refuse_unfounded(wish)
    _refuse_cameras(wish.cameras, cell)
    if not 0 <= wish.from_us < wish.to_us < _LAST_US:
        msg = f"the window from {wish.from_us} to {wish.to_us} is empty or beyond time: name UTC microseconds in order"
        raise Refused(code="window-empty", detail=msg)
    ends_us = _end_of(wish, now_us)
    _refuse_end(ends_us, now_us=now_us, last_us=last_end_us(wish.kind, now_us, now_us=now_us, most_days=most_days))
    return Hold(
        hold_id(decision.decision_id),
        wish.kind,
        wish.case_ref.strip(),
        wish.authority.strip(),
        sorted(set(wish.cameras)),
        wish.from_us,
        wish.to_us,
        ends_us,
        decision.requester.strip(),
        decision.approver.strip(),
        now_us,
    )


def check_extension(hold: Hold, decision: Decision, ends_us: int, *, now_us: int, most_days: int) -> None:
    """Raise Refused where the hold may not last until then."""
    _refuse_undecided(decision)
    refuse_one_person(decision)
    _refuse_ended(hold, now_us)
    if ends_us <= hold.ends_us:
        msg = f"{hold.hold_id} ends at {hold.ends_us}: it can be extended to a later end than {ends_us}, or released"
        raise Refused(code="end-not-later", detail=msg)
    last_us = last_end_us(hold.kind, hold.placed_us, now_us=now_us, most_days=most_days)
    _refuse_end(ends_us, now_us=now_us, last_us=last_us)


def check_release(hold: Hold, decision: Decision, now_us: int) -> None:
    """Raise Refused where the hold may not be released."""
    _refuse_undecided(decision)
    refuse_one_person(decision)
    if not decision.reason.strip():
        msg = "a release says why what was held may go: send the reason"
        raise Refused(code="no-reason", detail=msg)
    _refuse_ended(hold, now_us)


def last_end_us(kind: Kind, placed_us: int, *, now_us: int, most_days: int) -> int:
    """The latest end that a hold may be given now. That of an access request follows from the law, and never moves."""
    if kind == ACCESS_REQUEST:
        return placed_us + ACCESS_REQUEST_DAYS * DAY_US
    return now_us + most_days * DAY_US


def _refuse_undecided(decision: Decision) -> None:
    if not decision.decision_id.strip():
        msg = "the gateway decides, and there is no decision: send the decision_id under which it is recorded"
        raise Refused(code="no-decision", detail=msg)
    if not decision.requester.strip():
        msg = f"decision {decision.decision_id} names nobody who asked for this: send the requester"
        raise Refused(code="no-requester", detail=msg)


def _refuse_unfounded(wish: Wish) -> None:
    if not wish.authority.strip():
        msg = "a hold stands on an authority (a warrant, an order, a request and its day): send that as authority"
        raise Refused(code="no-authority", detail=msg)
    if not wish.case_ref.strip():
        msg = "a hold belongs to a case, a request or a proceeding: send its reference as case_ref"
        raise Refused(code="no-case", detail=msg)


def _refuse_cameras(cameras: Sequence[str], cell: str) -> None:
    if not 1 <= len(cameras) <= MOST_CAMERAS:
        msg = f"the scope names {len(cameras)} cameras: name 1 to {MOST_CAMERAS}, and place several holds for more"
        raise Refused(code="no-cameras", detail=msg)
    if strange := [one for one in cameras if not _CAMERA.fullmatch(one) or not one.startswith(f"{cell}.")]:
        msg = f"{strange[0]!r} is no camera of the cell {cell}: a camera's id is {cell}.<name>"
        raise Refused(code="not-our-camera", detail=msg)


def _end_of(wish: Wish, now_us: int) -> int:
    if wish.ends_us is not None:
        return wish.ends_us
    if wish.kind == ACCESS_REQUEST:
        return now_us + ACCESS_REQUEST_DAYS * DAY_US
    msg = f"a hold for a {wish.kind} ends on a day that its authority names: send ends_us"
    raise Refused(code="no-end", detail=msg)


def _refuse_end(ends_us: int, *, now_us: int, last_us: int) -> None:
    if ends_us <= now_us:
        msg = f"the end {ends_us} is over, it is {now_us}: name a later one"
        raise Refused(code="end-passed", detail=msg)
    if ends_us > last_us:
        msg = (
            f"the end {ends_us} is too late, it may be {last_us} at the latest: name that, and extend the hold in time"
        )
        raise Refused(code="end-too-late", detail=msg)


def _refuse_ended(hold: Hold, now_us: int) -> None:
    if hold.ended_us is not None or hold.ends_us <= now_us:
        over_us = hold.ends_us if hold.ended_us is None else hold.ended_us
        msg = f"{hold.hold_id} ended at {over_us} and its copies go: place a new hold for what is still there"
        raise Refused(code="hold-ended", detail=msg, status=_CONFLICT)
