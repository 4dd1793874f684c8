"""Recordings that turned out to end before what the next one of their camera says.

The next one was begun when its predecessor was believed to be whole. It is announced later, so that the gap between
them can still be said there.
"""

import threading
from collections.abc import Sequence

from vantage.contracts.recording import Gap
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.domain.recording import Entry, Head

_DETAIL = "the spool's disk lost what was written"


class CutEnds:
    """By camera and believed end. Safe to use from several threads; an entry is there only after damage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._true: dict[tuple[str, int], int] = {}

    def cut(self, finished: Finished, kept: Sequence[Entry]) -> None:
        """Only these of a recording's fragments are whole."""
        true = kept[-1].range.start + kept[-1].range.duration if kept else finished.head.start
        with self._lock:
            self._true[finished.head.camera_id, finished.end] = true

    def told(self, head: Head, gap: Gap | None) -> Gap | None:
        """The gap before a recording, from where there really is something before it."""
        believed = head.start if gap is None else gap.start
        with self._lock:
            true = self._true.pop((head.camera_id, believed), None)
        if true is None:
            return gap
        if gap is None:
            return Gap(start=true, end=head.start, cause="disk-failed", detail=_DETAIL)
        return Gap(start=true, end=gap.end, cause=gap.cause, detail=f"{gap.detail}; {_DETAIL}".lstrip("; "))
