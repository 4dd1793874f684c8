"""Lets tracks go. They have no object, so a batch and its receipt are one transaction and nothing else."""

from collections.abc import Sequence

from vantage_storage.adapters.accounts import account_for
from vantage_storage.adapters.old_tracks import BATCH, classes_of_cameras, delete_due, delete_ordered
from vantage_storage.domain.erased import Cause
from vantage_storage.domain.order import Order
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules


def erase_due_tracks(parts: Parts, day: int, rules: Rules) -> None:
    """Delete the day's tracks that are due, by the class of their cameras. Raises what psycopg raises.

    Before the day's recordings go, because these say which class a camera had.
    """
    with parts.pool.connection() as connection:
        classes = classes_of_cameras(connection, day)
    for name in sorted(set(classes.values())):
        cameras = [camera for camera, found in classes.items() if found == name]
        while not parts.running.stop.is_set() and _erase_due(parts, day, rules, name, cameras):
            pass


def erase_ordered_tracks(parts: Parts, rules: Rules) -> None:
    """Delete the tracks of the spans that two persons ordered to be destroyed. Raises what psycopg raises."""
    for order in rules.orders:
        while not parts.running.stop.is_set() and _erase_ordered(parts, order):
            pass


def _erase_due(parts: Parts, day: int, rules: Rules, retention_class: str, cameras: Sequence[str]) -> bool:
    """Whether there may be more."""
    cutoff = rules.history.cutoff_us(retention_class, rules.now_us)
    with parts.pool.connection() as connection:
        gone = delete_due(connection, day, cameras, cutoff)
        versions = [rules.history.governing(retention_class, one.end_us).version for one in gone]
        causes = [Cause("retention.erase", retention_class, version) for version in versions]
        account_for(connection, zip(causes, gone, strict=True), parts.clock.now_us())
    return len(gone) == BATCH


def _erase_ordered(parts: Parts, order: Order) -> bool:
    """Whether there may be more."""
    cause = Cause("destruction.erase", order=order.destruction_id)
    with parts.pool.connection() as connection:
        gone = delete_ordered(connection, order)
        account_for(connection, [(cause, one) for one in gone], parts.clock.now_us())
    return len(gone) == BATCH
