"""Under which key an object is encrypted: a pure function of where it lies, so that nobody has to remember it.

One key a bucket and day of capture, so that a day can be erased by destroying one; one key a hold, so that what is
held outlives its day and goes with its case. A cell has one custodian, so no id names the cell.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from vantage.errors import StoreRefused

DAY_OF: Final = {"footage": 2, "live": 2, "stills": 2, "exports": 1}
"""Which segment of a key is the day (yyyymmdd), by bucket."""
HOLDS: Final = "evidence"
"""The bucket whose keys are `<cell>/<hold_id>/...`."""
_HOLD = 1
_DAY = re.compile(r"\d{8}")
_HOLD_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def key_id(bucket: str, key: str) -> str:
    """`<bucket>-<yyyymmdd>` or `evidence-<hold_id>`.

    Raises StoreRefused for an object of which that cannot be told: it would lie there unencrypted.
    """
    segment = _segment(key, _HOLD if bucket == HOLDS else DAY_OF.get(bucket, -1))
    found = f"{bucket}-{segment}"
    if segment and is_key_id(found):
        return found
    msg = (
        f"no key encrypts {bucket}/{key}: it is in none of the buckets {', '.join([*DAY_OF, HOLDS])}, or its key names "
        "no day or hold where one belongs"
    )
    raise StoreRefused(msg)


def day_key_id(bucket: str, day: str) -> str:
    """The id of a bucket's key for a day (yyyymmdd, UTC)."""
    return f"{bucket}-{day}"


def hold_key_id(hold_id: str) -> str:
    """The id of a hold's key."""
    return f"{HOLDS}-{hold_id}"


def is_key_id(text: str) -> bool:
    """Whether it is the id of a key: then it is also a safe name of a file."""
    bucket, _, rest = text.partition("-")
    if bucket == HOLDS:
        return bool(_HOLD_ID.fullmatch(rest))
    return bucket in DAY_OF and day_end_us(text) is not None


def day_end_us(text: str) -> int | None:
    """When the day of a key ends (UTC microseconds), or None where its id names none."""
    day = text.partition("-")[2]
    if not _DAY.fullmatch(day) or not day.isascii():
        return None
    try:
        end = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return round(end.timestamp()) * 1_000_000


def _segment(key: str, number: int) -> str:
    segments = key.split("/")
    return segments[number] if 0 <= number < len(segments) - 1 else ""
