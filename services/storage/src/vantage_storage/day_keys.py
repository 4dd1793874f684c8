"""Destroys the keys of days that are over: the second way of erasing, for what a disk or a backup may still have."""

from collections.abc import Collection

from vantage.ids import derive
from vantage.objects import day_key_id
from vantage_storage.adapters import erased_days
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.day import bounds_us, compact
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules


def destroy_day_keys(parts: Parts, bucket: str, there: Collection[int], rules: Rules) -> None:
    """Destroy the key of each day of a bucket of which nothing is left: all of it is due, and neither an object was
    seen (`there`) nor a row is left. Raises what psycopg and the keyring raise.
    """
    if parts.store.keyring is None:
        return
    with parts.pool.connection() as connection:
        candidates = [
            day
            for day in erased_days.days_with_key(connection, bucket)
            if day not in there and bounds_us(day)[1] <= rules.all_due_us and not erased_days.has_rows(connection, day)
        ]
    for day in candidates:
        _destroy(parts, bucket, day)


def _destroy(parts: Parts, bucket: str, day: int) -> None:
    """Destroy first and note it afterwards: a key that is destroyed twice is destroyed."""
    key, now_us = day_key_id(bucket, compact(day)), parts.clock.now_us()
    if parts.store.keyring is not None:
        parts.store.keyring.destroy(key)
    with parts.pool.connection() as connection:
        erased_days.note_key_gone(connection, bucket, day, now_us)
        write(connection, Receipt(derive("rcp", "key", key, now_us), now_us, "key.destroy", key))
