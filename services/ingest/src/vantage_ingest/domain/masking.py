"""What a camera's masks ask of ingest: who codes its pictures, and which masks are in them when they are stored."""

from vantage.contracts import Camera
from vantage.contracts.base import Origin
from vantage.contracts.camera import Mask


def needs_burning(camera: Camera) -> bool:
    """Whether Vantage blackens masks in this camera's pictures: as soon as one of them is Vantage's to apply."""
    return any(mask.applied_by == "vantage" for mask in camera.masks)


def burnt(camera: Camera) -> list[Mask]:
    """The masks that are burnt in: where one is, all are, the camera's own as well. It costs nothing more."""
    return camera.masks if needs_burning(camera) else []


def origin_of(camera: Camera) -> Origin:
    """Who coded what is stored. Who changed a picture is the first that can vouch for it."""
    masks = [mask.mask_id for mask in burnt(camera)]
    return Origin(coder="vantage", masks=masks) if masks else Origin()
