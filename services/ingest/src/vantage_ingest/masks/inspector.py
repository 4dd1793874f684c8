"""The process that looks whether masks are applied: it takes sampled fragments, decodes one keyframe of each, compares,
and writes down what is known.

It decodes what cameras send, so it is expected to die now and then. Its memory is limited; an alarm clock ends it where
one sample takes too long; and a sample is renamed before it is decoded, so that the next start finds which one was the
last and says so, instead of dying of it again. It runs at low priority: cameras come first.
"""

import io
import os
import resource
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import structlog
from av.error import FFmpegError
from av.video.frame import VideoFrame

from vantage_ingest.domain.blankness import Plane, look, region
from vantage_ingest.domain.inspection import Report, Sample, Seen, judged, unread
from vantage_ingest.masks.results import Results
from vantage_ingest.masks.sampler import FOLDER, unpacked

_LONGEST_S = 20
_MEMORY = 2 << 30
_IDLE_S = 0.5
_NICE = 15
_log = structlog.get_logger()


class Inspector:
    """Looks at what lies in `<state>/inspect`. `now_us` is our clock."""

    def __init__(self, state: Path, now_us: Callable[[], int]) -> None:
        self._folder = state / FOLDER
        self._results = Results(state)
        self._now_us = now_us

    def recover(self) -> None:
        """Say of the sample that ended the process before that it could not be decoded."""
        for taken in sorted(self._folder.glob("*.checking")):
            self._unreadable(taken, "the inspector ended while it decoded this sample")
            taken.unlink(missing_ok=True)

    def turn(self) -> int:
        """Look at all samples that wait; gives how many there were."""
        samples = sorted(self._folder.glob("*.mp4"))
        for path in samples:
            taken = path.with_suffix(".checking")
            path.replace(taken)
            signal.alarm(_LONGEST_S)
            self._inspect(taken)
            signal.alarm(0)
            taken.unlink(missing_ok=True)
        return len(samples)

    def _inspect(self, taken: Path) -> None:
        try:
            sample, video = unpacked(taken.read_bytes())
            planes = keyframe(video)
        except (FFmpegError, ValueError, MemoryError, struct.error) as error:
            self._unreadable(taken, _words(error))
            return
        before = self._results.load(sample.camera_id, sample.stream)
        seen = [self._judged(sample, number, planes, before) for number in range(len(sample.masks))]
        self._say(before, seen, sample)
        self._results.save(
            Report(camera_id=sample.camera_id, stream=sample.stream, taken_us=sample.taken_us, seen=seen)
        )

    def _judged(self, sample: Sample, number: int, planes: tuple[Plane, Plane, Plane], before: Report) -> Seen:
        mask = sample.masks[number]
        others = sample.masks[:number] + sample.masks[number + 1 :]
        height, width = planes[0].shape
        where = region(mask, others, width, height)
        return judged(mask, look(planes, where) if where.enough else None, before.of(mask), self._now_us())

    def _unreadable(self, taken: Path, trouble: str) -> None:
        try:
            sample, _ = unpacked(taken.read_bytes())
        except (OSError, ValueError, struct.error):
            _log.warning("a sample of masks is damaged", file=taken.name)
            return
        known = self._results.load(sample.camera_id, sample.stream)
        self._results.save(unread(known, trouble, sample.taken_us))
        _log.warning("masks not checked", camera=sample.camera_id, stream=sample.stream, reason=trouble)

    @staticmethod
    def _say(before: Report, seen: list[Seen], sample: Sample) -> None:
        for one in seen:
            known = before.of(one.mask)
            if known is None or known.verdict != one.verdict:
                say = _log.warning if one.verdict == "shown" else _log.info
                say(
                    "mask",
                    camera=sample.camera_id,
                    stream=sample.stream,
                    mask=one.mask.mask_id,
                    verdict=one.verdict,
                    why=one.why,
                )


def keyframe(video: bytes) -> tuple[Plane, Plane, Plane]:
    """The planes of the fragment's keyframe, as 4:2:0 of 8 bits. Raises FFmpegError, ValueError."""
    with av.open(io.BytesIO(video), "r", format="mp4") as container:
        stream = next(iter(container.streams.video), None)
        if stream is not None:
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"err_detect": "explode"}
        frame = next(container.decode(stream), None) if stream is not None else None
        if frame is None or frame.is_corrupt:
            msg = "it holds no whole keyframe"
            raise ValueError(msg)
        return planes_of(frame if frame.format.name in ("yuv420p", "yuvj420p") else frame.reformat(format="yuv420p"))


def planes_of(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """The planes of a picture in 4:2:0 of 8 bits, cropped to its size."""
    luma, blue, red = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width].copy()
        for plane in frame.planes
    )
    return luma, blue, red


def _words(error: Exception) -> str:
    return (error.strerror or type(error).__name__).lower() if isinstance(error, FFmpegError) else str(error)[:200]


def run(state: Path, now_us: Callable[[], int]) -> None:
    """Be the inspector, until the process that started this one has ended."""
    parent = os.getppid()
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    inspector = Inspector(state, now_us)
    inspector.recover()
    while os.getppid() == parent:
        if not inspector.turn():
            time.sleep(_IDLE_S)
