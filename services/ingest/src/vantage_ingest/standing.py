"""Whether a camera may be read now, by what kind of worker, and the words for one that may not."""

from collections.abc import Mapping

import structlog

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage_ingest import metrics
from vantage_ingest.board import StatusBoard
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.placement import Kind
from vantage_ingest.domain.quarantine import Quarantine
from vantage_ingest.orders import ReaderKind, Why

QUARANTINED = Why(cause="camera-quarantined", detail="reading it ended its process again and again")
_READER: Mapping[Kind, ReaderKind] = {"reader": "native", "ffmpeg": "ffmpeg", "mask": "masking"}
_MORE: Mapping[Kind, str] = {
    "reader": "WORKERS",
    "ffmpeg": "FFMPEG_WORKERS",
    "mask": "MASKING_WORKERS",
    "alone": "WORKERS",
}
_log = structlog.get_logger()


class Standing:
    """What the supervisor remembers of how cameras behave: until their source is another, or it is started anew."""

    def __init__(self, board: StatusBoard, clock: Clock, quarantine: Quarantine) -> None:
        self._board = board
        self._clock = clock
        self._quarantine = quarantine
        self._unhandled: set[str] = set()

    def idle(self, camera_id: str, want: Wanted) -> Why | None:
        """Why the camera is not read now, told to the board as well; None where it is to be read."""
        if (why := idle_reason(want.camera, self._clock.now_us())) is not None:
            if want.camera.state == "retired" or not want.live:
                self._board.forget(camera_id)
            else:
                self._board.set(camera_id, "paused", why.detail)
            return why
        if self._quarantine.standing(camera_id, self._clock.monotonic()) != "resting":
            return None
        self._say_quarantined(camera_id)
        return QUARANTINED

    def kind(self, camera_id: str, camera: Camera) -> Kind:
        """The kind of slot that the camera needs now."""
        on_trial = self._quarantine.standing(camera_id, self._clock.monotonic()) == "trial"
        return "alone" if on_trial else self._usual(camera_id, camera)

    def reader(self, camera_id: str, camera: Camera) -> ReaderKind:
        """What reads it."""
        return _READER[self._usual(camera_id, camera)]

    def unhandled(self, camera_id: str, camera: Camera) -> bool:
        """The default reader cannot read it; gives whether the other one may."""
        if camera.source.reader != "auto":
            return False
        self._unhandled.add(camera_id)
        return True

    def strike(self, camera_id: str) -> None:
        """Its process died of it."""
        if self._quarantine.strike(camera_id, self._clock.monotonic()) == "resting":
            metrics.QUARANTINES.inc()
            _log.error("a camera ended its process again and again and is not read for now", camera=camera_id)

    def changed(self, before: Mapping[str, Wanted], wanted: Mapping[str, Wanted]) -> None:
        """Forget what was learned of cameras whose source is another now."""
        for camera_id, want in wanted.items():
            known = before.get(camera_id)
            if known is not None and known.camera.source != want.camera.source:
                self._unhandled.discard(camera_id)
                self._quarantine.forgive(camera_id)

    def refuse(self, camera_id: str, kind: Kind) -> None:
        """Say that no slot has room for it."""
        remedy = "add a replica of ingest, the group shares the cameras anew; or raise VANTAGE_INGEST_"
        self._board.set(camera_id, "offline", "not read: this replica of ingest is full", remedy + _MORE[kind])

    def _usual(self, camera_id: str, camera: Camera) -> Kind:
        if any(mask.applied_by == "vantage" for mask in camera.masks):
            return "mask"
        return "ffmpeg" if camera.source.reader == "ffmpeg" or camera_id in self._unhandled else "reader"

    def _say_quarantined(self, camera_id: str) -> None:
        if self._board.state(camera_id) == "quarantined":
            return
        minutes = round(self._quarantine.rest_left(camera_id, self._clock.monotonic()) / 60)
        remedy = "update the camera's firmware or change its stream; a changed source is tried at once"
        cause = f"{QUARANTINED.detail}; it is tried again in {minutes} minutes"
        self._board.set(camera_id, "quarantined", cause, remedy)


def idle_reason(camera: Camera, now_us: int) -> Why | None:
    """Why the camera may not record now, with the cause for the ledger; None where it is to record.

    The authority's end is looked at here as well, because the scheme may be out of reach when it comes.
    """
    if camera.authority.expires_at <= now_us:
        return Why(cause="authority-expired", detail=f"the authority {camera.authority.reference!r} has ended")
    if camera.state != "recording":
        return Why(cause="maintenance", detail=f"the scheme has it {camera.state}")
    return None
