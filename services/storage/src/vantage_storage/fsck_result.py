"""The chore that shows what the last check of the whole cell found, whoever ran it and wherever."""

from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters.fsck_books import last_whole
from vantage_storage.chores import Chore
from vantage_storage.domain.disagreement import KINDS
from vantage_storage.parts import Parts

_EVERY_S = 60.0
_SECOND_US = 1_000_000


def result_chores(parts: Parts) -> list[Chore]:
    """What shows the last check."""
    return [Chore("check-result", _EVERY_S, lambda: show_last(parts))]


def show_last(parts: Parts) -> None:
    """Set the metrics. Raises DatabaseUnavailable."""
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        last = last_whole(connection)
    if last is None:
        return
    ended_us, found = last
    metrics.CHECK_AGE.set((parts.clock.now_us() - ended_us) / _SECOND_US)
    for kind in KINDS:
        metrics.CHECK_DISAGREEMENTS.labels(kind).set(found.get(kind, 0))
