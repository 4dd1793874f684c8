"""Where in a bucket the objects of a day lie, read from their keys."""

from dataclasses import dataclass

from vantage_storage.domain.day import DAY_US, compact, day_named

EXPORTS = "exports"
BY_CAMERA = ("footage", "stills")
"""Keys `<cell>/<camera name>/<yyyymmdd of capture>/...`; those of `exports` are `<cell>/<yyyymmdd it goes>/...`."""
_SLACK_US = 22 * 3_600_000_000


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket with the objects of one day, of one camera where the bucket has them apart."""

    bucket: str
    prefix: str
    day: int
    camera_id: str = ""

    @property
    def latest_us(self) -> int:
        """The time (UTC microseconds) by which its objects count as captured, or from which an export is past its date.

        The time of day is not known. At the day's end what was captured at its beginning would be a day late, with
        nothing left of the 24 hours for the work; so it is two hours before. Nobody can find such an object earlier or
        later: the index does not have it.
        """
        return self.day * DAY_US + (0 if self.bucket == EXPORTS else _SLACK_US)


def place_of(bucket: str, key: str) -> Place | None:
    """The place of an object, or of a folder that ends with `/`; None where its key names no day where one belongs."""
    parts = key.split("/")
    depth = 1 if bucket == EXPORTS else 2
    if len(parts) < depth + 2:
        return None
    try:
        day = day_named(parts[depth])
    except ValueError:
        return None
    if compact(day) != parts[depth]:
        return None
    camera = "" if bucket == EXPORTS else f"{parts[0]}.{parts[1]}"
    return Place(bucket, "/".join(parts[: depth + 1]) + "/", day, camera)
