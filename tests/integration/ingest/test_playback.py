"""What was recorded plays: in FFmpeg and in Chromium, each picture that the camera sent, at the time that it said."""

import hashlib
import io
import os
import shutil
from itertools import pairwise
from pathlib import Path

import av
import pytest

from vantage.contracts import Recording
from vantage.objects import S3ObjectStore
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.control import SentPicture

from .browser import played
from .conftest import Ingest, Register, Topics, until

NUMBER = 3
RECORDINGS = 3
WRAP, TICKS = 1 << 32, 90_000
MARGIN_US = 2_000_000
"""More than a capture time may be off, less than the clip is long, which comes again and again."""
CLOSE_S = 0.002
"""Chromium tells times in microseconds, rounded from ticks. A busy one shows fewer frames than it decodes."""


@pytest.fixture
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None and not os.environ.get("CI"):
        pytest.skip("needs chromium on the PATH: a real browser")
    assert found is not None, "chromium is not on the PATH"
    return found


@pytest.fixture
def recorded(
    ingest: Ingest,
    register: Register,
    topics: Topics,
    virtual_cameras: VirtualCameras,
    object_store: S3ObjectStore,
) -> tuple[list[bytes], list[SentPicture]]:
    """The objects of some recordings of a camera, and what it sent meanwhile."""
    camera = register.add("played", virtual_cameras.url(NUMBER))
    ingest.start()
    until(lambda: topics.at_least(camera, RECORDINGS), "some recordings")
    assert ingest.stop() == 0
    recordings: list[Recording] = topics.recordings(camera)
    sent = [picture for picture in virtual_cameras.sent(NUMBER) if picture.ntp_us >= recordings[0].start - MARGIN_US]
    return [object_store.get(one.bucket, one.object) for one in recordings], sent


def pictures(recording: bytes) -> list[tuple[int, str]]:
    """When each stored picture is shown (ticks), and the SHA-256 of its last NAL unit, in the order of decoding."""
    found: list[tuple[int, str]] = []
    with av.open(io.BytesIO(recording), "r") as container:
        for packet in container.demux(video=0):
            data, at, unit = bytes(packet), 0, b""
            while at < len(data):
                end = at + 4 + int.from_bytes(data[at : at + 4])
                at, unit = end, data[at + 4 : end]
            if unit:
                found.append((packet.pts or 0, hashlib.sha256(unit).hexdigest()))
    return found


def decoded(recording: bytes) -> list[int]:
    """When each picture is shown that FFmpeg makes of it, in ticks."""
    with av.open(io.BytesIO(recording), "r") as container:
        return [frame.pts or 0 for frame in container.decode(video=0)]


def sent_as(stored: list[tuple[int, str]], sent: list[SentPicture]) -> list[SentPicture]:
    """The pictures of the camera that these are."""
    last_units = [picture.nals[-1] for picture in sent]
    first = last_units.index(stored[0][1])
    return sent[first : first + len(stored)]


def test_ffmpeg_plays_what_was_sent(recorded: tuple[list[bytes], list[SentPicture]]) -> None:
    objects, sent = recorded
    stored = [pictures(recording) for recording in objects]
    wanted = sent_as([picture for one in stored for picture in one], sent)
    assert [digest for one in stored for _, digest in one] == [picture.nals[-1] for picture in wanted]
    for recording, one in zip(objects, stored, strict=True):
        theirs = sent_as(one, sent)
        steps = [(after.rtp - before.rtp) % WRAP for before, after in pairwise(theirs)]
        assert [after - before for (before, _), (after, _) in pairwise(one)] == steps
        assert decoded(recording) == [time for time, _ in one]


def test_chromium_plays_what_was_sent(
    recorded: tuple[list[bytes], list[SentPicture]], chromium: str, tmp_path: Path
) -> None:
    objects, sent = recorded
    recording = max(objects, key=len)
    stored = pictures(recording)
    theirs = sent_as(stored, sent)
    seen = played(chromium, recording, tmp_path)
    assert seen.error == ""
    assert seen.frames == len(theirs)
    assert (seen.width, seen.height) == (640, 272)
    begin = stored[0][0]
    times = [(begin + (picture.rtp - theirs[0].rtp) % WRAP) / TICKS for picture in theirs]
    for shown in seen.shown:
        assert min(abs(shown - time) for time in times) < CLOSE_S
    assert seen.shown == sorted(seen.shown)
    assert len(seen.shown) > 1
