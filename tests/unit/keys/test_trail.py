"""Records of uses: on disk before anything follows from them, in the log before a reader is given a key."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vantage_keys.adapters.trail import Trail
from vantage_keys.domain.records import allowed, denied
from vantage_keys.domain.rights import Deed
from vantage_keys.errors import Unrecorded

from .conftest import Log

NOW = 1_795_555_213_000_000
DAY_US = 86_400_000_000
USE = allowed("api", Deed.USE, "footage-20261124", NOW)
LATER = allowed("ingest", Deed.USE, "footage-20261124", NOW)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


class TestWhoWaits:
    def test_is_answered_when_the_log_has_it(self, trail: Trail, log: Log) -> None:
        trail.record(USE, wait=True)
        assert log.said == [USE]

    def test_is_refused_while_the_log_is_away(self, trail: Trail, log: Log) -> None:
        log.away = True
        with pytest.raises(Unrecorded, match="nobody may look"):
            trail.record(USE, wait=True)
        log.away = False
        eventually(lambda: log.said == [USE])
        trail.record(USE, wait=True)
        assert log.said == [USE]


class TestWhoDoesNotWait:
    def test_goes_on_while_the_log_is_away_and_is_recorded_later(self, trail: Trail, log: Log) -> None:
        log.away = True
        trail.record(LATER, wait=False)
        assert log.said == []
        log.away = False
        eventually(lambda: log.said == [LATER])

    def test_is_recorded_by_the_next_process_after_a_kill(self, log: Log, tmp_path: Path) -> None:
        killed = Trail(tmp_path / "journal", log, 1.0)
        (tmp_path / "journal").mkdir()
        killed.record(LATER, wait=False)  # its thread never ran
        again = Trail(tmp_path / "journal", log, 1.0)
        again.start()
        eventually(lambda: log.said == [LATER])
        eventually(lambda: not list((tmp_path / "journal").iterdir()))
        again.stop()

    def test_is_refused_where_the_disk_takes_nothing(self, log: Log, tmp_path: Path) -> None:
        (tmp_path / "journal").touch()
        with pytest.raises(Unrecorded, match="cannot be written"):
            Trail(tmp_path / "journal", log, 1.0).record(LATER, wait=False)


class TestTheSameUse:
    def test_is_said_once_a_day(self, trail: Trail, log: Log) -> None:
        for later in (0, 5, 10):
            trail.record(allowed("api", Deed.USE, "footage-20261124", NOW + later), wait=True)
        assert len(log.said) == 1
        trail.record(allowed("api", Deed.USE, "footage-20261124", NOW + DAY_US), wait=True)
        assert len(log.said) == 2

    def test_has_one_id_whoever_says_it_again(self) -> None:
        again = allowed("api", Deed.USE, "footage-20261124", NOW + 17)
        assert again.record_id == USE.record_id != LATER.record_id


class TestRefusals:
    def test_are_recorded(self, trail: Trail, log: Log) -> None:
        no = denied("detect", Deed.MAKE, "evidence-hld_1", NOW, "not in the table of rights")
        trail.refusal(no)
        eventually(lambda: log.said == [no])

    def test_never_fail(self, log: Log, tmp_path: Path) -> None:
        (tmp_path / "journal").touch()
        Trail(tmp_path / "journal", log, 1.0).refusal(denied("api", Deed.MAKE, "live-20261124", NOW, "why"))


def test_a_damaged_record_holds_up_no_other(log: Log, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "aud_0").write_bytes(b"{")
    trail = Trail(tmp_path / "journal", log, 1.0)
    trail.start()
    trail.record(USE, wait=True)
    assert log.said == [USE]
    trail.stop()
