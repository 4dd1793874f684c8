"""What a camera's masks ask of ingest: who codes its pictures, and whether a change of them needs a new connection."""

from vantage.contracts import Camera
from vantage.contracts.base import Origin


def needs_burning(camera: Camera) -> bool:
    """Whether Vantage blackens masks in this camera's pictures: as soon as one of them is Vantage's to apply."""
    return any(mask.applied_by == "vantage" for mask in camera.masks)


def origin_of(camera: Camera) -> Origin:
    """Who coded what is stored. Where one mask is burnt in all are, the camera's own as well: it costs nothing more."""
    if not needs_burning(camera):
        return Origin()
    return Origin(coder="vantage", masks=[mask.mask_id for mask in camera.masks])


def reopens(before: Camera, after: Camera) -> bool:
    """Whether the connection must be made anew: masks are fixed when it opens."""
    return (needs_burning(before) or needs_burning(after)) and before.masks != after.masks
