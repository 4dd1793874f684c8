"""A store that is away for ten minutes, and an event log for two of them: what they cost, which is nothing.

It has a file of its own, so that the other tests run beside it.
"""

import time
from itertools import pairwise

import pytest

from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.stack import Stack

from .conftest import Ingest, Register, Topics, until


def records_for(ingest: Ingest, seconds: float) -> None:
    """Let the time pass, and see all the while that fragments are cut."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        count = ingest.metric("vantage_ingest_fragments_total")
        until(lambda count=count: ingest.metric("vantage_ingest_fragments_total") > count, "it records on")  # type: ignore[misc]
        assert ingest.exit_code is None
        time.sleep(5)


@pytest.mark.slow
def test_ten_minutes_without_a_store_and_two_without_an_event_log_cost_no_recorded_second(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, stack: Stack
) -> None:
    cameras = [register.add(f"patient-{number}", virtual_cameras.url(number)) for number in (1, 2, 3)]
    ingest.start()
    until(lambda: all(topics.recordings(camera) for camera in cameras), "recordings")
    before = [topics.recordings(camera)[-1].end for camera in cameras]
    with stack.away("store"):
        with stack.away("kafka"):
            records_for(ingest, 120)
        records_for(ingest, 480)
    until(lambda: ingest.metric("vantage_ingest_spool_recordings") == 0, "the spool is brought away")
    for camera, end in zip(cameras, before, strict=True):
        after = until(lambda camera=camera: topics.recordings(camera), "recordings")  # type: ignore[misc]
        assert after[-1].end - end >= 600_000_000
        assert all(one.end == following.start for one, following in pairwise(after))
        assert [one.gap_before.cause for one in after if one.gap_before] == ["first-recording"]
