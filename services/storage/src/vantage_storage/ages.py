"""The chores that measure how old the oldest things are that should have gone: the figure that is 0."""

from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters import old_tracks
from vantage_storage.adapters.ages import oldest_recordings, oldest_tracks
from vantage_storage.adapters.days import Days
from vantage_storage.adapters.oldest_records import oldest_records
from vantage_storage.chores import Chore
from vantage_storage.domain.day import DAY_US, bounds_us
from vantage_storage.parts import Parts
from vantage_storage.reach import capture_topics
from vantage_storage.rules import Rules

GRACE_US = DAY_US
"""How long after its due time something may still be there."""
_ROWS_EVERY_S = 300.0
_TOPICS_EVERY_S = 3600.0
_SECOND_US = 1_000_000


def age_chores(parts: Parts) -> list[Chore]:
    """What measures ages: of the rows, and of the topics."""
    return [
        Chore("ages", _ROWS_EVERY_S, lambda: _measure_rows(parts)),
        Chore("topic-ages", _TOPICS_EVERY_S, lambda: _measure_topics(parts)),
    ]


def publish_age(store: str, overdue_us: int) -> None:
    """Say how long ago the oldest thing of a store fell due that is still there."""
    metrics.OVERDUE.labels(store).set(max(0, overdue_us) / _SECOND_US)
    metrics.PAST_RETENTION.labels(store).set(max(0, overdue_us - GRACE_US) / _SECOND_US)


def _measure_rows(parts: Parts) -> None:
    """Measure what the days have that may be due. Raises DatabaseUnavailable."""
    with database_errors(parts.dsn):
        rules = Rules.read(parts)
        days = [day for day in Days(parts.pool).there() if bounds_us(day)[0] <= rules.any_due_us]
        publish_age("recordings", max((_recordings(parts, day, rules) for day in days), default=0))
        publish_age("tracks", max((_tracks(parts, day, rules) for day in days), default=0))


def _recordings(parts: Parts, day: int, rules: Rules) -> int:
    with parts.pool.connection() as connection:
        oldest = oldest_recordings(connection, day, rules.cutoffs)
    return max((rules.now_us - rules.history.due_us(name, end_us) for name, end_us in oldest.items()), default=0)


def _tracks(parts: Parts, day: int, rules: Rules) -> int:
    with parts.pool.connection() as connection:
        oldest, classes = oldest_tracks(connection, day), old_tracks.classes_of_cameras(connection, day)
    due = [rules.history.due_us(classes[camera], end_us) for camera, end_us in oldest.items() if camera in classes]
    return max((rules.now_us - one for one in due), default=0)


def _measure_topics(parts: Parts) -> None:
    """Measure the topics of what was captured against the class that goes first. Raises BrokerUnavailable."""
    with database_errors(parts.dsn):
        rules = Rules.read(parts)
    days = min(rules.history.newest.days.values())
    oldest = oldest_records(parts.settings.kafka_bootstrap, capture_topics())
    publish_age("topics", max((rules.now_us - written - days * DAY_US for written in oldest.values()), default=0))
