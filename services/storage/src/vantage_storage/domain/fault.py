"""What a message says against itself. A row is found by what its id is derived from, so an id that is not is a fault:
it would let one id stand on two days.
"""

from vantage.contracts import Recording, Track
from vantage.ids import recording_id, track_id
from vantage_storage.domain.day import LAST_DAY, day_of
from vantage_storage.domain.fragment_list import unfit


def recording_fault(recording: Recording) -> str | None:
    """Why the recording cannot be indexed, or None."""
    derived = recording_id(recording.camera_id, recording.start, recording.epoch)
    return (
        _wrong_id("recording", recording.recording_id, derived)
        or _wrong_time("recording", recording.start, recording.end)
        or unfit(recording)
    )


def track_fault(track: Track) -> str | None:
    """Why the track cannot be indexed, or None."""
    derived = track_id(track.camera_id, f"{track.detector}@{track.version}", track.start, track.number)
    return _wrong_id("track", track.track_id, derived) or _wrong_time("track", track.start, track.end)


def _wrong_id(kind: str, given: str, derived: str) -> str | None:
    if given == derived:
        return None
    return f"the {kind}'s id {given} is not the one that its own fields make, {derived} (vantage.ids.{kind}_id)"


def _wrong_time(kind: str, start: int, end: int) -> str | None:
    if end < start:
        return f"the {kind} ends at {end}, before its start at {start}"
    if day_of(end) > LAST_DAY:
        return f"the {kind} ends at {end}, beyond the year 9999: times are UTC microseconds"
    return None
