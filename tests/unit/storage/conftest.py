"""What the unit tests of storage share: recordings and tracks that nothing is wrong with."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vantage.contracts import Recording, Track
from vantage.contracts.base import Clock, Picture
from vantage.contracts.recording import FragmentRange
from vantage.contracts.track import PathPoint
from vantage.fragment_digests import trailer_length
from vantage.ids import recording_id, track_id

START = 1_790_000_000_000_000
INIT = 741


def recording(lengths: Sequence[int] = (60_000, 61_000), start: int = START, **changes: Any) -> Recording:
    """A recording of fragments of a second each, of so many bytes."""
    offsets = [INIT + sum(lengths[:number]) for number in range(len(lengths) + 1)]
    fragments = [
        FragmentRange(start + number * 1_000_000, 1_000_000, offsets[number], length, f"{number:064x}")
        for number, length in enumerate(lengths)
    ]
    fields: dict[str, Any] = {
        "camera_id": "hk1.one",
        "epoch": 1_790_000_000_000,
        "start": start,
        "end": start + len(lengths) * 1_000_000,
        "clock": Clock(quality="ntp", offset_us=-1200, uncertainty_us=5000),
        "picture": Picture(codec="avc1.64001F", width=640, height=272),
        "bucket": "footage",
        "object": "hk1/one/20260921/rec.mp4",
        "size": offsets[-1] + trailer_length(len(lengths)),
        "sha256": "ab" * 32,
        "init_length": INIT,
        "fragments": fragments,
        **changes,
    }
    derived = recording_id(fields["camera_id"], fields["start"], fields["epoch"])
    return Recording(**{"recording_id": derived, **fields})


def track(start: int = START, **changes: Any) -> Track:
    """A track of one moment."""
    fields: dict[str, Any] = {
        "camera_id": "hk1.one",
        "epoch": 1_790_000_000_000,
        "number": 8,
        "label": "bicycle",
        "score": 163,
        "start": start,
        "end": start + 4_200_000,
        "observations": 21,
        "path": [PathPoint(0, 9000, 20000, 15000, 40000), PathPoint(4_200_000, 52000, 21000, 58000, 41000)],
        "detector": "nanodet",
        "version": "1.0.0",
        "model_digest": "cd" * 32,
        **changes,
    }
    derived = track_id(
        fields["camera_id"], f"{fields['detector']}@{fields['version']}", fields["start"], fields["number"]
    )
    return Track(**{"track_id": derived, **fields})


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return recording


@pytest.fixture
def make_track() -> Callable[..., Track]:
    return track
