"""Hands fragments to the inspector of masks, as files: one a stream at most, and the newest replaces one that waits.

A worker writes it in its loop: some hundred kilobytes into the page cache, every few minutes a camera. The worker never
decodes; the inspector is a process of its own.
"""

import struct
from pathlib import Path

import msgspec
import structlog

from vantage.contracts import Camera
from vantage.contracts.base import StreamName
from vantage.contracts.camera import Mask
from vantage_ingest import metrics
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.inspection import Sample

FOLDER = "inspect"
_AGAIN_S = 30.0
_HEAD = struct.Struct(">I")
_log = structlog.get_logger()


class Sampler:
    """One worker's. `take` is offered every fragment of every camera and keeps those that are due."""

    def __init__(self, state: Path, every_s: float) -> None:
        self._folder = state / FOLDER
        self._every_s = every_s
        self._due: dict[tuple[str, StreamName], tuple[list[Mask], float]] = {}

    def take(self, camera: Camera, cut: Cut, now: float, stream: StreamName = "main") -> None:
        """A finished fragment, at `now` in monotonic seconds: the first one, the first after the masks were changed,
        and then one every so often. Raises nothing.
        """
        masks = camera.masks
        if not masks:
            return
        key = camera.camera_id, stream
        known, due = self._due.get(key, ((), now))
        if known == masks and now < due:
            return
        sample = Sample(camera_id=camera.camera_id, stream=stream, taken_us=cut.start, masks=masks)
        self._due[key] = masks, now + (self._every_s if self._write(sample, cut) else min(_AGAIN_S, self._every_s))

    def forget(self, camera_id: str) -> None:
        """The camera is not this worker's any more."""
        self._due.pop((camera_id, "main"), None)
        self._due.pop((camera_id, "sub"), None)

    def _write(self, sample: Sample, cut: Cut) -> bool:
        name = f"{sample.camera_id}-{sample.stream}.mp4"
        beside = self._folder / f"{name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(packed(sample, cut.init + cut.data))
            beside.replace(self._folder / name)
        except OSError as error:
            metrics.MASK_SAMPLES.labels("failed").inc()
            _log.warning("no sample of a camera's masks", camera=sample.camera_id, reason=error.strerror)
            return False
        metrics.MASK_SAMPLES.labels("taken").inc()
        return True


def packed(sample: Sample, video: bytes) -> bytes:
    """The file: length of the head, the head, the video; one file, so that they belong together."""
    head = msgspec.json.encode(sample)
    return _HEAD.pack(len(head)) + head + video


def unpacked(data: bytes) -> tuple[Sample, bytes]:
    """What `packed` put together. Raises msgspec.DecodeError, struct.error."""
    end = _HEAD.size + _HEAD.unpack_from(data)[0]
    return msgspec.json.decode(data[_HEAD.size : end], type=Sample), data[end:]
