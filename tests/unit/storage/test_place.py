"""The day and camera of an object, read from its key."""

import pytest

from vantage_storage.domain.day import DAY_US, day_named
from vantage_storage.domain.place import Place, place_of

DAY = day_named("20261124")


@pytest.mark.parametrize(
    ("bucket", "key", "place"),
    [
        (
            "footage",
            "hk1/pier-1/20261124/rec_1.mp4",
            Place("footage", "hk1/pier-1/20261124/", DAY, "hk1.pier-1"),
        ),
        ("stills", "hk1/pier-1/20261124/0730/still.jpg", Place("stills", "hk1/pier-1/20261124/", DAY, "hk1.pier-1")),
        ("footage", "hk1/pier-1/20261124/", Place("footage", "hk1/pier-1/20261124/", DAY, "hk1.pier-1")),
        ("exports", "hk1/20261124/case-7/export.zip", Place("exports", "hk1/20261124/", DAY)),
    ],
)
def test_an_object_and_a_folder_have_their_day(bucket: str, key: str, place: Place) -> None:
    assert place_of(bucket, key) == place


@pytest.mark.parametrize(
    "key",
    ["hk1/pier-1/rec_1.mp4", "hk1/pier-1/2026-11-24/rec_1.mp4", "hk1/pier-1/20261399/x", "hk1/pier-1/2026112/x", "x"],
)
def test_a_key_that_names_no_day_has_no_place(key: str) -> None:
    assert place_of("footage", key) is None


def test_the_first_of_a_day_has_two_hours_for_the_work_within_its_24() -> None:
    place = Place("footage", "hk1/pier-1/20261124/", DAY, "hk1.pier-1")
    assert place.latest_us - DAY * DAY_US == 22 * DAY_US // 24


def test_an_export_is_past_its_date_when_its_day_begins() -> None:
    assert Place("exports", "hk1/20261124/", DAY).latest_us == DAY * DAY_US
