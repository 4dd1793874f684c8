"""The id of a key is a pure function of where an object lies, and a safe name of a file."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.errors import StoreRefused
from vantage.key_ids import DAY_OF, day_end_us, day_key_id, hold_key_id, is_key_id, key_id

DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(9998, 12, 31)).map(lambda day: f"{day:%Y%m%d}".zfill(8))
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,15}", fullmatch=True)


class TestDays:
    @given(st.sampled_from(["footage", "live", "stills"]), NAMES, NAMES, DAYS, NAMES)
    def test_share_one_key_for_all_cameras_of_a_bucket(
        self, bucket: str, cell: str, camera: str, day: str, rest: str
    ) -> None:
        assert key_id(bucket, f"{cell}/{camera}/{day}/{rest}") == day_key_id(bucket, day) == f"{bucket}-{day}"

    @given(NAMES, DAYS, NAMES)
    def test_of_exports_are_the_day_on_which_they_go(self, cell: str, day: str, rest: str) -> None:
        assert key_id("exports", f"{cell}/{day}/{rest}") == f"exports-{day}"

    def test_are_those_that_ingest_writes(self) -> None:
        assert key_id("live", "hk1/7/20261124/2113/1795555213000-1795555200000.pack") == "live-20261124"
        assert key_id("footage", "hk1/cam-0001/20261124/rec_ab.mp4") == "footage-20261124"

    @given(DAYS)
    def test_end_a_day_after_they_began(self, day: str) -> None:
        began = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
        assert day_end_us(f"footage-{day}") == round((began + timedelta(days=1)).timestamp()) * 1_000_000


class TestHolds:
    @given(NAMES, st.from_regex(r"hld_[0-9a-f]{32}", fullmatch=True), NAMES)
    def test_have_a_key_each_whatever_day_they_hold(self, cell: str, hold: str, rest: str) -> None:
        assert key_id("evidence", f"{cell}/{hold}/cam/{rest}") == hold_key_id(hold) == f"evidence-{hold}"
        assert day_end_us(hold_key_id(hold)) is None


class TestWhatHasNoKey:
    @pytest.mark.parametrize(
        ("bucket", "key"),
        [
            ("footage", "hk1/cam/notaday/rec.mp4"),
            ("footage", "hk1/cam/20261301/rec.mp4"),
            ("footage", "hk1/cam/20261124"),
            ("footage", "hk1/20261124/rec.mp4"),
            ("evidence", "hk1/hold.id/rec.mp4"),
            ("evidence", "hk1"),
            ("evidence", "hk1//rec.mp4"),
            ("elsewhere", "hk1/cam/20261124/rec.mp4"),
        ],
    )
    def test_is_refused_rather_than_kept_in_the_clear(self, bucket: str, key: str) -> None:
        with pytest.raises(StoreRefused, match=f"no key encrypts {bucket}/"):
            key_id(bucket, key)

    @given(st.text(max_size=40), st.text(max_size=80))
    def test_no_key_makes_an_id_that_is_not_one(self, bucket: str, key: str) -> None:
        try:
            found = key_id(bucket, key)
        except StoreRefused:
            return
        assert is_key_id(found)

    @given(st.sampled_from([*DAY_OF, "evidence"]), st.text(max_size=40))
    def test_no_id_leaves_a_folder(self, bucket: str, rest: str) -> None:
        found = f"{bucket}-{rest}"
        if is_key_id(found):
            assert found.isascii()
            assert not set(found) & set("/\\.\0\n ")
