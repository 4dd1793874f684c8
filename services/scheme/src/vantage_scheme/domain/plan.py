"""What has to be published so that the topics say what the files say, and nothing else.

Rules of the plan:
1. Only what differs from what is published is published, one revision (version) higher.
2. What has an error in the file keeps its published state, but never longer than its authority lasts.
3. A camera that left the file is published as `retired`, a rule as disabled: history stays readable, and nothing that
   follows the topic has to guess. While an entry's id cannot be read, nothing is retired: it may be the one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from msgspec.structs import replace

from vantage.contracts import Camera, Rule
from vantage_scheme.domain.camera_entry import CameraEntry, PapersEntry
from vantage_scheme.domain.papers import expired, missing_papers
from vantage_scheme.domain.rule_entry import RuleEntry

T = TypeVar("T")


@dataclass(frozen=True)
class Entries(Generic[T]):
    """What was read from a file: the good entries, the ids of the bad ones, and whether an id could not be read."""

    good: tuple[T, ...] = ()
    bad_ids: frozenset[str] = frozenset()
    unreadable_ids: bool = False


@dataclass(frozen=True)
class CameraPlan:
    """Cameras to publish, why each paused one is paused, and when time alone changes the plan (UTC microseconds)."""

    changes: tuple[Camera, ...]
    paused: Mapping[str, tuple[str, ...]]
    due_us: int | None


def plan_cameras(
    cell_id: str, entries: Entries[CameraEntry], published: Mapping[str, Camera], now_us: int
) -> CameraPlan:
    """Compare the file's cameras with the published ones as of `now_us`."""
    wanted: dict[str, Camera] = {}
    paused: dict[str, tuple[str, ...]] = {}
    for entry in entries.good:
        reasons = pausing(entry, now_us)
        camera = entry.camera(cell_id, "paused" if reasons else "recording")
        wanted[camera.camera_id] = camera
        if reasons:
            paused[camera.camera_id] = tuple(reasons)
    bad = {f"{cell_id}.{name}" for name in entries.bad_ids}
    kept = {key: camera for key, camera in published.items() if key not in wanted and camera.cell_id == cell_id}
    for key, camera in kept.items():
        stays = key in bad or entries.unreadable_ids
        wanted[key] = _kept(camera, now_us) if stays else replace(camera, state="retired")
        if wanted[key].state == "paused" and camera.state == "recording":
            paused[key] = (expired(camera.authority.reference, camera.authority.expires_at),)
    changes = tuple(_changed_cameras(wanted, published, now_us))
    return CameraPlan(changes=changes, paused=paused, due_us=_due(entries, kept, now_us))


def plan_rules(
    cell_id: str, entries: Entries[RuleEntry], published: Mapping[str, Rule], now_us: int
) -> tuple[Rule, ...]:
    """Compare the file's rules with the published ones as of `now_us`."""
    wanted = {entry.id: entry.rule(cell_id) for entry in entries.good}
    for key, rule in published.items():
        if key not in wanted and key not in entries.bad_ids and not entries.unreadable_ids:
            wanted[key] = replace(rule, enabled=False)
    return tuple(_changed_rules(wanted, published, now_us))


def zones_of(cameras: Mapping[str, Camera]) -> dict[str, frozenset[str]]:
    """The zones of each camera that is not retired, as rules may name them."""
    return {
        key: frozenset(zone.zone_id for zone in camera.zones)
        for key, camera in cameras.items()
        if camera.state != "retired"
    }


def pausing(entry: CameraEntry, now_us: int) -> list[str]:
    """Why the camera may not record now; empty where it may."""
    wish = ["the camera file wants it paused: set wanted to recording"] if entry.wanted == "paused" else []
    return wish + missing_papers(entry.papers, now_us)


def _kept(camera: Camera, now_us: int) -> Camera:
    if camera.state == "recording" and camera.authority.expires_at <= now_us:
        return replace(camera, state="paused")
    return camera


def _changed_cameras(wanted: Mapping[str, Camera], published: Mapping[str, Camera], now_us: int) -> Iterator[Camera]:
    for key, camera in wanted.items():
        old = published.get(key)
        if old is None:
            yield replace(camera, changed_at=now_us)
        elif replace(camera, revision=old.revision, changed_at=old.changed_at) != old:
            yield replace(camera, revision=old.revision + 1, changed_at=now_us)


def _changed_rules(wanted: Mapping[str, Rule], published: Mapping[str, Rule], now_us: int) -> Iterator[Rule]:
    for key, rule in wanted.items():
        old = published.get(key)
        if old is None:
            yield replace(rule, changed_at=now_us)
        elif replace(rule, version=old.version, changed_at=old.changed_at) != old:
            yield replace(rule, version=old.version + 1, changed_at=now_us)


def _due(entries: Entries[CameraEntry], kept: Mapping[str, Camera], now_us: int) -> int | None:
    moments = [moment for entry in entries.good for moment in _turning_points(entry.papers)]
    moments += [camera.authority.expires_at for camera in kept.values() if camera.state == "recording"]
    return min((moment for moment in moments if moment > now_us), default=None)


def _turning_points(papers: PapersEntry) -> Iterator[int]:
    if papers.authority:
        yield papers.authority.expires_at
    posted = papers.notice_posted
    if isinstance(posted, date):
        yield int(datetime(posted.year, posted.month, posted.day, tzinfo=UTC).timestamp()) * 1_000_000
