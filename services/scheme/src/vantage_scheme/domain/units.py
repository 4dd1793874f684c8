"""How people write moments, durations and places in a picture, and what the contracts hold instead.

A moment is an ISO 8601 time with its offset, or a date alone: the start of that day in UTC, the earlier reading, so
that nothing ever records longer than its papers say. A duration has its unit: `500ms`, `2s`, `5m`, `1h`. A place in a
picture is a fraction of its width and height, 0..1, from the upper left corner.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

FULL_SCALE = 65535

_DURATION = re.compile(r"^(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h)$")
_MICROS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


def moment_us(value: object) -> int:
    """UTC microseconds of a moment as YAML gives it: a datetime, a date or an ISO 8601 text. Raises ValueError."""
    moment = _read_moment(value)
    if moment.tzinfo is None:
        msg = "has no offset from UTC; write it as 2027-12-31T18:00:00+08:00 or ...Z"
        raise ValueError(msg)
    try:
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError as error:  # of year 1 or 9999, and in UTC of none
        msg = "is outside the years that a clock can show; write a time between 1970 and 9998"
        raise ValueError(msg) from error
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if micros < 0:
        msg = "is before 1970; write a later time"
        raise ValueError(msg)
    return micros


def _read_moment(value: object) -> datetime:
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == len("2027-12-31") else datetime.fromisoformat(value)
    except ValueError as error:
        msg = "is not a time; write it as 2027-12-31 or 2027-12-31T18:00:00+08:00"
        raise ValueError(msg) from error
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    msg = "is not a time; write it as 2027-12-31 or 2027-12-31T18:00:00+08:00"
    raise ValueError(msg)


def duration_us(value: object) -> int:
    """Microseconds of a duration with its unit. Raises ValueError."""
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        msg = "is not a duration with its unit; write it as 500ms, 2s, 5m or 1h"
        raise ValueError(msg)
    return round(float(match[1]) * _MICROS[match[2]])


def frame_unit(fraction: float) -> int:
    """A fraction of the picture in the contracts' 1/65535."""
    return round(fraction * FULL_SCALE)


Moment = Annotated[
    int, BeforeValidator(moment_us), WithJsonSchema({"type": "string", "description": "2027-12-31T18:00:00+08:00"})
]
Duration = Annotated[
    int,
    BeforeValidator(duration_us),
    WithJsonSchema({"type": "string", "pattern": _DURATION.pattern, "description": "500ms, 2s, 5m or 1h"}),
]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
