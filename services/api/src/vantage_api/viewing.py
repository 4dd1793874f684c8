"""Looks at video: a view is given once, after a decision; what it shows needs the view and its own subject only."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from vantage.clock import Clock
from vantage.errors import ObjectMissing
from vantage_api.domain.access import Caller, Purpose, Wish
from vantage_api.domain.view import LIFETIME_US, Kind, View, standing, window_fault
from vantage_api.domain.window import Gap, choose, gaps, playlist
from vantage_api.doorkeeper import Doorkeeper
from vantage_api.errors import Gone, NotThere, Unprocessable
from vantage_api.ports import Cameras, Live, RecordingIndex, Stored, Video, Views
from vantage_api.threads import Threads

_VIEW_ID = re.compile(r"^view_[A-Za-z0-9_-]{24}$")


@dataclass(frozen=True)
class Look:
    """What somebody wants to see, and why. Times are UTC microseconds of capture."""

    camera_id: str
    kind: Kind
    purpose: Purpose
    case: str = ""
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True)
class Viewing:
    """Gives views and what is in them. `index` and `store` are the threads for the database and the object store."""

    doorkeeper: Doorkeeper
    clock: Clock
    cameras: Cameras
    views: Views
    recordings: RecordingIndex
    live: Live
    video: Video
    index: Threads
    store: Threads

    async def open(self, caller: Caller, look: Look) -> tuple[View, Sequence[Gap]]:
        """Decide, record, and give the view with what is missing from its window.

        Raises Unprocessable for a window that cannot be, Forbidden, NotThere, and Retryable.
        """
        if fault := window_fault(look.kind, look.from_us, look.to_us):
            raise Unprocessable(fault)
        view = self._view(caller, look)
        wish = Wish(
            action="view.live" if look.kind == "live" else "view.recorded",
            resource=look.camera_id,
            purpose=look.purpose,
            case=look.case,
            camera_known=self.cameras.get(look.camera_id) is not None,
        )
        window = {"from_us": str(view.from_us), "to_us": str(view.to_us)} if view.kind == "recorded" else {}
        await self.doorkeeper.admit(caller, wish, {"view_id": view.view_id, **window})
        missing = await self._missing(view)
        await self.index.run(self.views.add, view)
        return view, missing

    async def use(self, caller: Caller, view_id: str) -> View:
        """The view, for its own subject while it is good. Raises NotThere, Forbidden, Gone."""
        view = await self.index.run(self.views.get, view_id) if _VIEW_ID.match(view_id) else None
        if view is None:
            msg = f"there is no view {view_id[:80]!r}: ask for one with POST /v1/views"
            raise NotThere(msg)
        known = self.cameras.get(view.camera_id) is not None
        found = standing(view, caller.subject, self.clock.now_us(), camera_known=known)
        if found == "foreign":
            reason = "this view was given to somebody else: ask for your own with POST /v1/views"
            raise await self.doorkeeper.turn_away(caller, Wish("view.use", view_id), reason)
        if found == "expired":
            msg = "this view is over: ask for a new one with POST /v1/views"
            raise Gone(msg)
        if found == "camera-gone":
            msg = f"the camera {view.camera_id} is no longer in the register"
            raise Gone(msg)
        return view

    async def playlist(self, view: View) -> str:
        """What the view shows now, as HLS. Raises NotThere where that is nothing."""
        if view.kind == "recorded":
            found = await self.index.run(self.recordings.within, view.camera_id, view.from_us, view.to_us)
            if chosen := choose(found, view.from_us, view.to_us):
                return playlist(chosen)
            msg = "nothing is recorded in this window: the answer that gave the view lists the gaps"
            raise NotThere(msg)
        if (text := self.live.playlist(view.camera_id)) is None:
            msg = f"{view.camera_id} has sent no live video for half a minute: see its status, or try again"
            raise NotThere(msg)
        return text

    async def segment(self, view: View, name: str) -> bytes:
        """The bytes of one segment of the view's playlist. Raises NotThere, Gone."""
        stored = self._live_segment(view, name) if view.kind == "live" else await self._recorded_segment(view, name)
        return await self._bytes(stored)

    async def init(self, view: View, name: str) -> bytes:
        """The bytes of an initialisation segment of the view's playlist. Raises NotThere, Gone."""
        stored = self._live_init(view, name) if view.kind == "live" else await self._recorded_init(view, name)
        return await self._bytes(stored)

    def _view(self, caller: Caller, look: Look) -> View:
        now = self.clock.now_us()
        return View(
            view_id=f"view_{secrets.token_urlsafe(18)}",
            subject=caller.subject,
            camera_id=look.camera_id,
            kind=look.kind,
            purpose=look.purpose,
            case=look.case,
            created_us=now,
            expires_us=now + LIFETIME_US,
            from_us=look.from_us or 0,
            to_us=look.to_us or 0,
        )

    async def _missing(self, view: View) -> Sequence[Gap]:
        if view.kind == "live":
            return []
        found = await self.index.run(self.recordings.within, view.camera_id, view.from_us, view.to_us)
        return gaps(choose(found, view.from_us, view.to_us), view.from_us, view.to_us)

    def _live_segment(self, view: View, name: str) -> Stored | None:
        if (found := self.live.find(view.camera_id, name)) is None:
            return None
        init = found.init_length
        return Stored(found.bucket, found.pack, found.offset + init, found.length - init, found.sha256)

    def _live_init(self, view: View, name: str) -> Stored | None:
        found = self.live.of_run(view.camera_id, name)
        return Stored(found.bucket, found.pack, found.offset, found.init_length) if found else None

    async def _recorded_segment(self, view: View, name: str) -> Stored | None:
        start, epoch, index = _numbers(name, 3)
        found = await self.index.run(self.recordings.fragment, view.camera_id, start, epoch, index)
        if found is None:
            return None
        begins, duration, stored = found
        return stored if begins < view.to_us and begins + duration > view.from_us else None

    async def _recorded_init(self, view: View, name: str) -> Stored | None:
        start, epoch = _numbers(name, 2)
        return await self.index.run(self.recordings.init, view.camera_id, start, epoch)

    async def _bytes(self, stored: Stored | None) -> bytes:
        if stored is None:
            msg = "this view has no such segment (any more): read its playlist again"
            raise NotThere(msg)
        try:
            return await self.store.run(self.video.read, stored)
        except ObjectMissing as error:
            msg = "this video is no longer kept"
            raise Gone(msg) from error


def _numbers(name: str, count: int) -> list[int]:
    """The numbers that a recorded segment is named by; none of them is longer than the index can hold."""
    parts = name.split("-")
    if len(parts) != count or not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        msg = f"there is no segment {name[:80]!r}: take the names from the view's playlist"
        raise NotThere(msg)
    return [int(part) for part in parts]
