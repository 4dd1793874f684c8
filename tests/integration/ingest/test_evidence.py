"""From the camera to the object: every NAL unit is there, in order and to the byte, those that sign the video too."""

import hashlib
from collections.abc import Iterator

from vantage.contracts import Recording
from vantage.objects import S3ObjectStore
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.control import SEI_IDENTITY, SentPicture

from .conftest import Ingest, Register, Topics, until

NUMBER = 2
RECORDINGS = 4
CLOSE_US = 5_000


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def nal_units(object_: bytes) -> list[bytes]:
    """Those of a recording, in order: each in its length's prefix, in the boxes of media data."""
    units: list[bytes] = []
    for kind, content in boxes(object_):
        at = 0
        while kind == b"mdat" and at < len(content):
            end = at + 4 + int.from_bytes(content[at : at + 4])
            units.append(content[at + 4 : end])
            at = end
    return units


def without_parameter_sets(sent: list[SentPicture]) -> list[str]:
    """What was sent, less the units that stand before each keyframe anew: a recording has them once, at its begin."""
    repeated = set.intersection(*(set(picture.nals) for picture in sent if picture.keyframe))
    assert len(repeated) == 2
    return [unit for picture in sent for unit in picture.nals if unit not in repeated]


def test_what_the_camera_sent_is_what_is_kept(
    ingest: Ingest,
    register: Register,
    topics: Topics,
    virtual_cameras: VirtualCameras,
    object_store: S3ObjectStore,
) -> None:
    virtual_cameras.control(NUMBER, "sei", 1)
    try:
        camera = register.add("signed", virtual_cameras.url(NUMBER))
        ingest.start()
        until(lambda: topics.at_least(camera, RECORDINGS), "some recordings")
        assert ingest.stop() == 0
    finally:
        virtual_cameras.control(NUMBER, "sei", 0)
    sent = virtual_cameras.sent(NUMBER)
    recordings = topics.recordings(camera)
    kept = [unit for one in recordings for unit in nal_units(object_store.get(one.bucket, one.object))]

    signed = [unit for unit in kept if SEI_IDENTITY in unit]
    assert len(signed) > RECORDINGS * 25
    hashes, wanted = [hashlib.sha256(unit).hexdigest() for unit in kept], without_parameter_sets(sent)
    first = wanted.index(hashes[0])
    assert hashes == wanted[first : first + len(hashes)]
    check_times(recordings, sent)


def check_times(recordings: list[Recording], sent: list[SentPicture]) -> None:
    """Once the camera's clock is known, a fragment begins when its first picture was taken by that clock."""
    taken = [picture.ntp_us for picture in sent if picture.keyframe]
    begun = [piece.start for one in recordings if one.clock.quality == "ntp" for piece in one.fragments]
    assert begun
    assert all(min(abs(start - at) for at in taken) < CLOSE_US for start in begun)
