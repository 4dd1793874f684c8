"""UTC days of capture: the unit in which the index is kept and forgotten. A day is its number since 1970."""

from datetime import UTC, date, datetime, timedelta

DAY_US = 86_400_000_000
LAST_DAY = date.max.toordinal() - date(1970, 1, 1).toordinal()
"""The last day that has a date: the end of the year 9999."""


def day_of(moment_us: int) -> int:
    """The day of a moment (UTC microseconds)."""
    return moment_us // DAY_US


def bounds_us(day: int) -> tuple[int, int]:
    """The day's first microsecond and the next day's."""
    return day * DAY_US, (day + 1) * DAY_US


def day_named(name: str) -> int:
    """The day that `compact` writes as this."""
    return datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC).toordinal() - date(1970, 1, 1).toordinal()


def compact(day: int) -> str:
    """`20260921`, as the day's tables are named."""
    return f"{date(1970, 1, 1) + timedelta(days=day):%Y%m%d}"
