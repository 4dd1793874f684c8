"""The index is killed at each of its numbered crash points (docs/design/storage.md), and starts again.

Nothing is there twice, nothing is lost, and the check reads every byte that was indexed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from vantage.contracts import Recording, Track
from vantage.objects import S3ObjectStore

from .crash import Crashes, until
from .fsck_tools import Checked, empty_bucket, look
from .hold_tools import MINUTE_US

RECORDINGS, TRACKS = 60, 20
POINTS: dict[str, dict[str, Any]] = {
    "1 before the rows are copied": {"before": "database.copy", "containing": "recordings"},
    "2 after they are copied aside": {"after": "database.copy", "containing": "recordings"},
    "3 after the rows are taken over": {"after": "database.execute", "containing": 'insert into storage."recordings"'},
    "4 before the commit": {"before": "database.commit", "containing": "storage.offsets ("},
    "5 after the commit, before Kafka's": {"before": "log.commit"},
    "6 after Kafka's commit": {"after": "log.commit"},
    "7 before a day's tables are there": {"before": "database.commit", "containing": "attach partition"},
    "8 after a day's tables are there": {"after": "database.commit", "containing": "attach partition"},
}


@pytest.fixture
def cell(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: Any) -> Iterator[Checked]:
    made = Checked(environment, object_store, make_recording, own_buckets=False)
    yield made
    empty_bucket(made, "footage")
    made.close()


@pytest.fixture
def announced(
    cell: Checked, make_recording: Callable[..., Recording], make_track: Callable[..., Track]
) -> tuple[list[Recording], list[Track]]:
    """Recordings of the last hours with their objects, and tracks: nothing of it is due."""
    begun = cell.now_us - 5 * MINUTE_US
    recordings = [
        cell.upload(make_recording(cell.camera(f"pier-{number % 5}"), start=begun - number * MINUTE_US))
        for number in range(RECORDINGS)
    ]
    tracks = [
        make_track(cell.camera(f"pier-{number % 5}"), number=number + 1, start=begun, end=begun + MINUTE_US)
        for number in range(TRACKS)
    ]
    return recordings, tracks


@pytest.fixture
def log(database: Any, event_log: Any) -> tuple[Any, Any]:
    """The database, and the event log that it is filled from."""
    return database, event_log


@pytest.mark.parametrize("point", POINTS)
def test_each_row_is_there_once(
    crash: Crashes, log: tuple[Any, Any], cell: Checked, announced: tuple[list[Recording], list[Track]], point: str
) -> None:
    (database, event_log), (recordings, tracks) = log, announced
    database.begin_at(event_log.starts)
    event_log.publish([*recordings, *tracks])
    crash.serve(VANTAGE_CELL_ID=cell.cell, **POINTS[point])
    seen = {key for (key,) in cell.rows("select object from storage.recordings_v1")}
    assert seen <= {one.object for one in recordings}
    again = crash.serve(VANTAGE_CELL_ID=cell.cell)
    until(lambda: database.offsets() == event_log.ends(), again)
    rows = cell.rows("select recording_id, sha256 from storage.recordings_v1 order by 1")
    assert rows == sorted((one.recording_id, one.sha256) for one in recordings)
    kept = cell.rows("select track_id from storage.tracks_v1 order by 1")
    assert kept == sorted((one.track_id,) for one in tracks)
    told, findings = look(cell.parts)
    assert told == []
    assert findings.counts["hashed"] == RECORDINGS
