"""Masks over time: what a single picture cannot tell, many can."""

from dataclasses import replace

from vantage_ingest.domain.blankness import Look
from vantage_ingest.domain.inspection import DAY_US, MOST_UNREADABLE, Report, Seen, alarm, judged, unread

from .mask_pictures import mask

NOW = 1_790_000_000_000_000
HOUR = 3_600_000_000
FLAT = Look((16.0, 128.0, 128.0), 0.1, 0.1, 0.0, 0.0, around=100.0)
SCENE = replace(FLAT, luma_spread=30.0, stray=0.8, edges=3.0)


def follow(*looks: Look, step_us: int = HOUR) -> list[Seen]:
    """The looks one after another."""
    found: list[Seen] = []
    for number, look in enumerate(looks):
        found.append(judged(mask(), look, found[-1] if found else None, NOW + number * step_us))
    return found


def verdicts(*looks: Look, step_us: int = HOUR) -> list[str]:
    return [one.verdict for one in follow(*looks, step_us=step_us)]


def test_a_flat_region_that_stands_out_is_blank() -> None:
    assert verdicts(FLAT) == ["blank"]


def test_a_scene_is_shown_and_a_mask_put_back_is_blank_again() -> None:
    assert verdicts(FLAT, SCENE, FLAT) == ["blank", "shown", "blank"]


def test_a_dark_street_is_undecided_at_night_and_shown_by_day() -> None:
    dark = replace(FLAT, around=16.0)
    assert verdicts(dark, dark, SCENE) == ["undecided", "undecided", "shown"]


def test_a_window_that_is_dark_at_night_is_found_out_as_it_lightens() -> None:
    dusk = [replace(FLAT, value=(16.0 + 2 * hour, 128.0, 128.0), around=100.0) for hour in range(6)]
    found = follow(*dusk)
    assert [one.verdict for one in found] == ["blank"] * 4 + ["shown", "blank"]
    assert "light" in found[4].why


def test_night_ends_no_alarm() -> None:
    by_day, by_night = replace(SCENE, around=110.0), replace(FLAT, around=40.0)
    assert by_night.stands_out
    put_back = replace(FLAT, around=105.0)
    assert verdicts(by_day, by_night, by_night, by_day, put_back, by_night) == [*["shown"] * 4, "blank", "blank"]


def test_a_colour_that_kept_while_the_light_changed_is_believed_in_the_dark() -> None:
    day, late = replace(FLAT, around=120.0), replace(FLAT, around=16.0)
    found = follow(replace(FLAT, around=60.0), day, late, late)
    assert found[-1].tested
    assert [one.verdict for one in found] == ["blank"] * 4


def test_what_was_never_tested_is_undecided_in_the_dark() -> None:
    assert verdicts(replace(FLAT, around=30.0), replace(FLAT, around=18.0)) == ["blank", "undecided"]


def test_what_could_not_be_told_for_a_day_is_an_alarm() -> None:
    dark = replace(FLAT, around=16.0)
    found = follow(*[dark] * 26)
    assert [one.verdict for one in found] == ["undecided"] * 24 + ["shown"] * 2
    assert found[0].undecided_since_us == NOW
    assert found[24].undecided_since_us == NOW


def test_standing_out_once_ends_being_undecided() -> None:
    dark = replace(FLAT, around=16.0)
    found = follow(*[dark] * 20, FLAT, *[dark] * 20)
    assert "shown" not in [one.verdict for one in found]


def test_a_mask_that_is_too_small_is_undecided_and_after_a_day_an_alarm() -> None:
    first = judged(mask(), None, None, NOW)
    assert (first.verdict, judged(mask(), None, first, NOW + DAY_US).verdict) == ("undecided", "shown")


class TestTheAlarm:
    def report(self, *seen: Seen, stream: str = "main") -> Report:
        return Report(camera_id="hk1.street", stream=stream, taken_us=NOW, seen=list(seen))  # type: ignore[arg-type]

    def test_names_masks_and_remedy(self) -> None:
        bad = [judged(mask(name=name), SCENE, None, NOW) for name in ("flats", "door")]
        found = alarm([self.report(*bad)], [mask(name="flats"), mask(name="door")])
        assert found is not None
        assert found.cause == "masks flats, door not blank: the picture shows through; recording goes on"
        assert "at the camera" in found.remedy

    def test_is_none_where_all_are_blank_or_undecided(self) -> None:
        dark = replace(FLAT, around=16.0)
        seen = [judged(mask(), FLAT, None, NOW), judged(mask(name="door"), dark, None, NOW)]
        assert alarm([self.report(*seen)], [mask(), mask(name="door")]) is None

    def test_is_of_the_masks_that_the_camera_has_now(self) -> None:
        bad = self.report(judged(mask(), SCENE, None, NOW))
        assert alarm([bad], [mask()]) is not None
        assert alarm([bad], [mask([(1, 1), (900, 1), (900, 900)])]) is None
        assert alarm([bad], []) is None

    def test_tells_the_smaller_stream(self) -> None:
        bad = self.report(judged(mask(), SCENE, None, NOW), stream="sub")
        found = alarm([self.report(judged(mask(), FLAT, None, NOW)), bad], [mask()])
        assert found is not None
        assert "in the sub stream" in found.cause

    def test_takes_what_cannot_be_decoded_for_blank_never(self) -> None:
        known = self.report(judged(mask(), SCENE, None, NOW))
        later = unread(known, "invalid data", NOW + HOUR)
        assert alarm([later], [mask()]) == alarm([known], [mask()])

    def test_comes_where_samples_cannot_be_decoded_again_and_again(self) -> None:
        report = self.report(judged(mask(), FLAT, None, NOW))
        for number in range(MOST_UNREADABLE):
            assert alarm([report], [mask()]) is None
            report = unread(report, "invalid data", NOW + number)
        found = alarm([report], [mask()])
        assert found is not None
        assert "3 samples could not be decoded (invalid data)" in found.cause
