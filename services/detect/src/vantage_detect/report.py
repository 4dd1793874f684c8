"""What detect says: the messages of `detections.v1` and `tracks.v1`."""

from collections.abc import Iterable, Sequence

from vantage.contracts import Detections, Fragment, Track
from vantage.contracts.detection import FrameObjects, Seen
from vantage.contracts.track import PathPoint
from vantage.ids import track_id
from vantage_detect.analyser import Look
from vantage_detect.domain.candidates import SEEN_FROM
from vantage_detect.domain.followed import Finished

DETECTOR = "nanodet"
VERSION = "1.0.0"
"""Of the whole way from frame to track. A change of network, threshold or tracker is another version."""

_SCORES = 255


def detections(
    fragment: Fragment, digest: str, looks: Sequence[Look], numbers: Sequence[Sequence[int | None]], skipped: int
) -> Detections:
    """The message of one fragment. `numbers` are the tracks of each look's sightings; unsure sightings are left out."""
    return Detections(
        camera_id=fragment.camera_id,
        fragment_id=fragment.fragment_id,
        epoch=fragment.epoch,
        start=fragment.start,
        duration=fragment.duration,
        clock=fragment.clock,
        detector=DETECTOR,
        version=VERSION,
        model_digest=digest,
        frames=[FrameObjects(look.at_us, list(_seen(look, found))) for look, found in zip(looks, numbers, strict=True)],
        skipped=skipped,
    )


def track(camera_id: str, epoch: int, digest: str, finished: Finished) -> Track:
    """The message of one finished track."""
    start = finished.start_us
    return Track(
        track_id=track_id(camera_id, f"{DETECTOR}@{VERSION}", start, finished.number),
        camera_id=camera_id,
        epoch=epoch,
        number=finished.number,
        label=finished.label,
        score=round(finished.score * _SCORES),
        start=start,
        end=finished.end_us,
        observations=finished.observations,
        path=[PathPoint(point.at_us - start, *point.box) for point in finished.path],
        ended=finished.ended,
        detector=DETECTOR,
        version=VERSION,
        model_digest=digest,
    )


def _seen(look: Look, numbers: Sequence[int | None]) -> Iterable[Seen]:
    for sighting, number in zip(look.sightings, numbers, strict=True):
        if sighting.score >= SEEN_FROM:
            yield Seen(sighting.label, round(sighting.score * _SCORES), *sighting.box, number)
