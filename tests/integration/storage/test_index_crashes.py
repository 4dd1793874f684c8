"""The index is killed at each of its numbered crash points, and starts again: nothing twice, nothing lost."""

from collections.abc import Callable
from typing import Any

import pytest

from vantage.contracts import Recording, Track

from .crash import until

RECORDINGS, TRACKS = 60, 20
POINTS = {
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
def announced(
    make_recording: Callable[..., Recording], make_track: Callable[..., Track], camera_id: str
) -> tuple[list[Recording], list[Track]]:
    start = make_recording(camera_id).start
    recordings = [make_recording(f"{camera_id}-{n % 5}", start=start + n * 1_000_000) for n in range(RECORDINGS)]
    return recordings, [make_track(f"{camera_id}-{n % 5}", number=n + 1) for n in range(TRACKS)]


@pytest.mark.parametrize("point", POINTS)
def test_each_row_is_there_once(
    crash: Any,
    database: Any,
    event_log: Any,
    announced: tuple[list[Recording], list[Track]],
    point: str,
) -> None:
    recordings, tracks = announced
    database.begin_at(event_log.starts)
    event_log.publish([*recordings, *tracks])
    crash.serve(**POINTS[point])
    again = crash.serve()
    until(lambda: database.offsets() == event_log.ends(), again)
    rows = database.rows("select recording_id, sha256 from storage.recordings_v1 order by 1")
    assert rows == sorted((one.recording_id, one.sha256) for one in recordings)
    kept = database.rows("select track_id from storage.tracks_v1 order by 1")
    assert kept == sorted((one.track_id,) for one in tracks)
