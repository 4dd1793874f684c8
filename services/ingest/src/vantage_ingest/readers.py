"""The readers of a worker, each made when a camera first asks for it."""

from collections.abc import Callable

from vantage.clock import Clock
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
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
        self._makers: dict[ReaderKind, Callable[[], Reader]] = {"native": self._ffmpeg, "ffmpeg": self._ffmpeg}

    def of(self, duty: Duty) -> Reader:
        """The reader of the duty's kind."""
        if duty.reader not in self._made:
            self._made[duty.reader] = self._makers[duty.reader]()
        return self._made[duty.reader]

    def _ffmpeg(self) -> Reader:
        settings = self._settings
        open_s, read_s = settings.ingest_open_timeout_seconds, settings.ingest_read_timeout_seconds
        return PyavReader(self._loop, self._resolver, open_s, read_s, self._clock, notes=self._notes)
