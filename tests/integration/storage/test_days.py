"""Days that are over: their tables go when nothing is in them, and never under somebody who reads or writes."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from vantage.contracts import Recording, Track
from vantage.postgres import connect_pool, migrate
from vantage_storage.adapters.days import Days
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.errors import DayBusy, DayMissing
from vantage_storage.service import MIGRATIONS, SCHEMA

MakeRecording = Callable[..., Recording]
MakeTrack = Callable[..., Track]

TODAY = day_of(1_790_000_000_000_000)
TABLES = "select tablename from pg_tables where tablename ~ '^(recordings|tracks)_[0-9]{8}$' order by 1"


@pytest.fixture
def pool(database: Any) -> Iterator[ConnectionPool]:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    with connect_pool(database.dsn, application="test-storage-days") as pool:
        yield pool


@pytest.fixture
def days(pool: ConnectionPool) -> Days:
    made = Days(pool)
    made.make(range(TODAY, TODAY + 3))
    return made


@pytest.fixture
def index(pool: ConnectionPool, database: Any) -> PostgresIndex:
    return PostgresIndex(pool, database.dsn)


class TestEmptyDays:
    def test_their_tables_go_and_the_others_stay(self, days: Days, database: Any) -> None:
        assert days.there() == [TODAY, TODAY + 1, TODAY + 2]
        assert days.drop_empty([TODAY + 1, TODAY, TODAY + 100]) == [TODAY, TODAY + 1]
        assert days.there() == [TODAY + 2]
        assert database.rows(TABLES) == [("recordings_20260923",), ("tracks_20260923",)]
        assert days.drop_empty([TODAY, TODAY + 1]) == []

    @pytest.mark.parametrize("kind", ["recording", "track"])
    def test_a_day_with_a_row_of_either_kind_stays(
        self, days: Days, index: PostgresIndex, make_recording: MakeRecording, make_track: MakeTrack, kind: str
    ) -> None:
        recordings = [make_recording("hk1.one")] if kind == "recording" else []
        index.write(recordings, [] if recordings else [make_track("hk1.one")], {})
        assert days.drop_empty(range(TODAY, TODAY + 2)) == [TODAY + 1]
        assert not days.drop(TODAY)
        assert days.there() == [TODAY, TODAY + 2]

    def test_a_day_half_of_whose_tables_are_gone_goes_whole(self, days: Days, database: Any) -> None:
        database.execute("drop table storage.tracks_20260921")
        assert days.drop_empty([TODAY]) == [TODAY]
        assert days.there() == [TODAY + 1, TODAY + 2]

    def test_a_row_that_still_comes_makes_its_day_again(
        self, days: Days, index: PostgresIndex, make_recording: MakeRecording
    ) -> None:
        late = make_recording("hk1.one")
        index.make_days([TODAY])
        days.drop_empty([TODAY])
        with pytest.raises(DayMissing):
            index.write([late], [], {})
        assert index.make_days([TODAY]) == [TODAY]
        index.write([late], [], {})
        assert days.there()[0] == TODAY

    def test_one_that_is_made_again_here_is_not_taken_for_known(self, days: Days) -> None:
        days.drop_empty([TODAY])
        assert days.make([TODAY]) == [TODAY]


class TestWhileTheIndexIsUsed:
    @pytest.mark.parametrize("table", ["recordings", "tracks"])
    def test_a_reader_is_not_cut_off_and_the_day_stays(self, days: Days, database: Any, table: str) -> None:
        with psycopg.connect(database.dsn) as reader:
            reader.execute(f"select count(*) from storage.{table}".encode())  # noqa: S608
            with pytest.raises(DayBusy, match="20260921 stay for now"):
                days.drop_empty([TODAY])
            assert reader.execute(f"select count(*) from storage.{table}".encode()).fetchone() == (0,)  # noqa: S608
        assert days.drop_empty([TODAY]) == [TODAY]

    def test_a_row_that_came_after_the_look_keeps_its_day(
        self, days: Days, index: PostgresIndex, make_recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = make_recording("hk1.one", start=TODAY * DAY_US)
        real = days.is_empty

        def looked(day: int) -> bool:
            found = real(day)
            index.write([late], [], {})
            return found

        monkeypatch.setattr(days, "is_empty", looked)
        assert days.drop_empty([TODAY]) == []
        assert days.there()[0] == TODAY
