"""The cursor of the alert stream: the offset of the last event that a subscriber has."""

import re

_CURSOR = re.compile(r"^(?:-1|[0-9]{1,18})$")


def parse_cursor(text: str) -> int:
    """The offset that a `Last-Event-ID` or `after` names; -1 is before the first event.

    Raises ValueError with what to do where it is not one of ours.
    """
    cleaned = text.strip()
    if not _CURSOR.match(cleaned):
        msg = f"{text[:40]!r} is no event id of this stream: give the `id` of the last event you have, or none"
        raise ValueError(msg)
    return int(cleaned)
