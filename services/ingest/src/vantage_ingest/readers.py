"""The readers of a worker, each made when a camera first asks for it."""

from collections.abc import Callable

from vantage.clock import Clock
from vantage_ingest.adapters.epoll_reader import EpollReader
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.masks.reader import MaskingReader
from vantage_ingest.orders import Duty, ReaderKind
from vantage_ingest.ports import Notes, Reader, Resolver
from vantage_ingest.settings import IngestSettings


class Readers:
    """A reader for a duty."""

    def __init__(self, settings: IngestSettings, loop: Loop, resolver: Resolver, notes: Notes, clock: Clock) -> None:
        self._settings = settings
        self._loop = loop
        self._resolver = resolver
        self._notes = notes
        self._clock = clock
        self._made: dict[ReaderKind, Reader] = {}
        self._makers: dict[ReaderKind, Callable[[], Reader]] = {"native": self._native, "ffmpeg": self._ffmpeg}

    def of(self, duty: Duty) -> Reader:
        """The reader of the duty's kind; one that masks is its own, around FFmpeg's unless it asks for ours."""
        if duty.reader != "masking":
            return self._of(duty.reader)
        inner = self._of("native" if duty.camera.source.reader == "native" else "ffmpeg")
        crf = self._settings.ingest_mask_crf
        return MaskingReader(inner, duty.camera, self._loop, self._clock, crf, notes=self._notes)

    def _of(self, kind: ReaderKind) -> Reader:
        if kind not in self._made:
            self._made[kind] = self._makers[kind]()
        return self._made[kind]

    def _native(self) -> Reader:
        open_s, read_s = self._patience
        authorities = self._settings.ingest_camera_ca
        return EpollReader(self._loop, self._resolver, open_s, read_s, self._clock, authorities=authorities)

    def _ffmpeg(self) -> Reader:
        open_s, read_s = self._patience
        authorities = self._settings.ingest_camera_ca
        return PyavReader(
            self._loop, self._resolver, open_s, read_s, self._clock, notes=self._notes, authorities=authorities
        )

    @property
    def _patience(self) -> tuple[float, float]:
        return self._settings.ingest_open_timeout_seconds, self._settings.ingest_read_timeout_seconds
