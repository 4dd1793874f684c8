"""What is known of a camera's masks from one look to the next, and when that is an alarm.

A single picture cannot tell a mask from a window at night. So a mask is believed for what a scene does not do: it keeps
its colour while the light around it changes. A colour that moves with the light is no mask; a region that for a day
could not be told from what is around it is not taken for one either. And night covers nothing: what was seen by day is
blank only once it is as light again.
"""

from typing import Literal

from msgspec.structs import replace

from vantage.contracts.base import Message, Micros, Name, StreamName
from vantage.contracts.camera import Mask
from vantage_ingest.domain.blankness import SAME, Look

Verdict = Literal["blank", "shown", "undecided"]

_LIGHT_CHANGED = 24.0
"""Levels of luma by which the surroundings differ between day and night, or sun and cloud: then a colour was tested."""
DAY_US = 24 * 3600 * 1_000_000
MOST_UNREADABLE = 3
"""So many samples in a row that cannot be decoded are as bad as no mask: nobody knows any more."""
_REMEDY = (
    "switch the privacy mask on at the camera, or correct its place; or set applied_by to vantage to have it burnt in"
)
_READABLE = "look at the stream with a player; until it can be decoded nobody knows whether its masks are applied"


class Sample(Message, frozen=True, kw_only=True):
    """What stands before a sampled fragment: whose it is, and which masks it must show."""

    camera_id: str
    stream: StreamName
    taken_us: Micros
    masks: list[Mask]


class Seen(Message, frozen=True, kw_only=True):
    """What is known of one mask: the last verdict and why; the colour it has had since `since_us`, the darkest and the
    lightest that was around it in that time; since when it could not be told from that; and what was around it when it
    was last seen to show the picture.
    """

    mask: Mask
    verdict: Verdict
    why: str = ""
    value: tuple[float, float, float] | None = None
    since_us: Micros = 0
    darkest: float | None = None
    lightest: float | None = None
    undecided_since_us: Micros | None = None
    shown_by: float | None = None

    @property
    def tested(self) -> bool:
        """Whether the light has changed around it while it did not."""
        return self.darkest is not None and self.lightest is not None and self.lightest - self.darkest > _LIGHT_CHANGED


class Report(Message, frozen=True, kw_only=True):
    """All that is known of one stream's masks; `unreadable` counts the samples in a row that could not be decoded."""

    camera_id: str
    stream: StreamName
    taken_us: Micros
    seen: list[Seen] = []
    unreadable: int = 0
    trouble: str = ""

    def of(self, mask: Mask) -> Seen | None:
        """What is known of this mask, where it is as it was."""
        return next((one for one in self.seen if one.mask == mask), None)


class Alarm(Message, frozen=True, kw_only=True):
    """Why a camera is `unmasked`, and what to do."""

    cause: str
    remedy: str


def judged(mask: Mask, look: Look | None, before: Seen | None, now_us: int) -> Seen:
    """What a look makes of what was known; None where the mask is too small in this stream to be looked at."""
    if look is None:
        return _undecided(Seen(mask=mask, verdict="undecided"), before, "it is too small to be checked", now_us)
    if not look.flat:
        return Seen(mask=mask, verdict="shown", why="the picture shows through", shown_by=look.around)
    if before is not None and _darker(look, before.shown_by):
        return replace(before, verdict="shown", why="it was seen to show the picture, and it is darker since")
    if before is None or before.value is None:
        return _flat(Seen(mask=mask, verdict="blank", value=look.value, since_us=now_us), look, before, now_us)
    if any(abs(now - then) > SAME for now, then in zip(look.value, before.value, strict=True)):
        why = "its colour changes with the light, as a scene's does"
        return Seen(mask=mask, verdict="shown", why=why, value=look.value, since_us=now_us, shown_by=look.around)
    known = Seen(
        mask=mask,
        verdict="blank",
        value=before.value,
        since_us=before.since_us,
        darkest=before.darkest,
        lightest=before.lightest,
    )
    return _flat(known, look, before, now_us)


def _darker(look: Look, shown_by: float | None) -> bool:
    """Whether there is too little light to say that what was seen is covered now."""
    return shown_by is not None and look.around is not None and shown_by - look.around > _LIGHT_CHANGED


def _flat(known: Seen, look: Look, before: Seen | None, now_us: int) -> Seen:
    around = [value for value in (known.darkest, known.lightest, look.around) if value is not None]
    seen = replace(known, darkest=min(around, default=None), lightest=max(around, default=None))
    if seen.tested or look.stands_out:
        return seen
    return _undecided(seen, before, "it cannot be told from what is around it", now_us)


def _undecided(seen: Seen, before: Seen | None, why: str, now_us: int) -> Seen:
    since = before.undecided_since_us if before is not None and before.undecided_since_us is not None else now_us
    verdict: Verdict = "shown" if now_us - since >= DAY_US else "undecided"
    return replace(seen, verdict=verdict, why=why, undecided_since_us=since)


def unread(sample_of: Report, trouble: str, now_us: int) -> Report:
    """The report after a sample that could not be decoded: nothing is taken back, nothing is taken for blank."""
    return replace(sample_of, taken_us=now_us, unreadable=sample_of.unreadable + 1, trouble=trouble)


def alarm(reports: list[Report], masks: list[Mask]) -> Alarm | None:
    """What is wrong with these masks of a camera, by what is known of its streams; None where nothing is."""
    for report in reports:
        shown = [one for one in report.seen if one.verdict == "shown" and one.mask in masks]
        if shown:
            return Alarm(cause=_cause(report.stream, shown), remedy=_REMEDY)
    for report in reports:
        if masks and report.unreadable >= MOST_UNREADABLE:
            cause = f"its masks cannot be checked: {report.unreadable} samples could not be decoded ({report.trouble})"
            return Alarm(cause=cause[:500], remedy=_READABLE)
    return None


def _cause(stream: StreamName, shown: list[Seen]) -> str:
    names: list[Name] = [one.mask.mask_id for one in shown]
    word = "masks" if len(names) > 1 else "mask"
    where = " in the sub stream" if stream == "sub" else ""
    return f"{word} {', '.join(names)} not blank{where}: {shown[0].why}; recording goes on"[:500]
