"""The check of what has no object: receipts, policies, the days' tables, and the place in the event log."""

from collections.abc import Iterator

from vantage_storage.adapters import fsck_books
from vantage_storage.adapters.days import Days
from vantage_storage.domain.day import DAY_US, bounds_us, compact
from vantage_storage.domain.disagreement import Disagreement, since
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules

_PATIENCE_US = 3_600_000_000


def disagreements(parts: Parts, rules: Rules) -> Iterator[Disagreement]:
    """What is so now. Raises what psycopg raises, and BrokerUnavailable."""
    yield from _receipts(parts, rules)
    yield from _days(parts, rules)
    yield from _offsets(parts)


def _receipts(parts: Parts, rules: Rules) -> Iterator[Disagreement]:
    with parts.pool.connection() as connection:
        count, first_us = fsck_books.unpublished(connection, rules.now_us - _PATIENCE_US)
        strange = fsck_books.of_no_policy(connection)
    if count:
        yield Disagreement("receipt-unpublished", "", f"{count} receipts", f"the first {since(first_us)}")
    for version, number, resource in strange:
        yield Disagreement("receipt-of-no-policy", "", f"version {version}", f"{number} receipts, one of {resource}")


def _days(parts: Parts, rules: Rules) -> Iterator[Disagreement]:
    """Days of which all was due a day ago, and that hold nothing. The erasure drops them within its round."""
    days = Days(parts.pool)
    for day in days.there():
        if bounds_us(day)[1] + DAY_US <= rules.all_due_us and days.is_empty(day):
            yield Disagreement("partition-empty-behind", "", f"recordings_{compact(day)}")


def _offsets(parts: Parts) -> Iterator[Disagreement]:
    """Places that the event log does not have. The log is asked after the table: it only grows meanwhile."""
    with parts.pool.connection() as connection:
        places = fsck_books.offsets(connection)
    marks = fsck_books.watermarks(parts.settings.kafka_bootstrap, places)
    for (topic, number), next_offset in places.items():
        low, high = marks.get((topic, number), (0, 0))
        if next_offset > high:
            value = f"the index reads on at {next_offset}, the log ends at {high}"
            yield Disagreement("offsets-ahead", "", f"{topic}/{number}", value)
        elif next_offset < low:
            value = f"the index reads on at {next_offset}, the log begins at {low}"
            yield Disagreement("log-forgotten", "", f"{topic}/{number}", value)
