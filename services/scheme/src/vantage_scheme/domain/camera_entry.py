"""A camera as its people write it in the camera file, and the contract it becomes.

Everything is checked here that a file alone can tell; whether the papers are in order needs the time: `papers`.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from vantage.camera_address import CameraAddress
from vantage.camera_networks import CameraNetworks
from vantage.contracts.base import NAME, Place
from vantage.contracts.camera import Analysis, Authority, Calibration, Camera, Mask, Source, Zone
from vantage_scheme.domain.polygon import outline, plain
from vantage_scheme.domain.units import Fraction, Moment

Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Text = Annotated[str, Field(max_length=500)]
Corner = Annotated[list[Fraction], Field(min_length=2, max_length=2)]
Corners = Annotated[list[Corner], Field(min_length=3, max_length=64), AfterValidator(plain)]


def camera_address(url: str, info: ValidationInfo) -> str:
    """The address, if it is a camera's as far as that can be told without resolving its name. Raises ValueError.

    The context may hold the `networks` where cameras stand; ingest asks for them again at each connection.
    """
    address = CameraAddress.parse(url)
    networks: CameraNetworks | None = (info.context or {}).get("networks")
    if networks is not None and (reason := networks.literal_refusal(address)) is not None:
        msg = f"is not in a network for cameras: {reason}; correct it, or add its network to VANTAGE_CAMERA_NETWORKS"
        raise ValueError(msg)
    return url


class Entry(BaseModel):
    """What every part of the file shares: no unknown field, no silent conversion, no number that JSON cannot hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SourceEntry(Entry):
    """Where the video comes from; `credential` names a secret that the reader of the camera holds."""

    url: Annotated[str, AfterValidator(camera_address)]
    credential: Name | None = None
    sub_url: Annotated[str, AfterValidator(camera_address)] | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    stream: Literal["main", "sub"] = "main"
    reader: Literal["auto", "native", "ffmpeg"] = "auto"
    certificate: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class PlaceEntry(Entry):
    """Where the camera stands, WGS 84."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    district: Text = ""
    address: Text = ""


class AuthorityEntry(Entry):
    """The decision that allows the camera, and when it ends."""

    reference: Annotated[str, Field(min_length=1, max_length=500)]
    expires_at: Moment


def day_or_flag(value: object) -> object:
    """A notice's day, or whether it is posted. Raises ValueError."""
    if value is None or isinstance(value, bool) or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    msg = "is not a day; write it as 2026-01-10, or true for a notice that was always there"
    raise ValueError(msg)


class PapersEntry(Entry):
    """What a camera needs before it may record. A paper that is missing pauses the camera; it is no error."""

    authority: AuthorityEntry | None = None
    notice_posted: Annotated[bool | date | None, BeforeValidator(day_or_flag)] = None
    privacy_assessment: Annotated[str, Field(max_length=200)] | None = None

    def as_authority(self) -> Authority:
        """The authority; one that never held where the paper is missing."""
        if self.authority is None:
            return Authority(reference="", expires_at=0)
        return Authority(reference=self.authority.reference, expires_at=self.authority.expires_at)


class ZoneEntry(Entry):
    """A named region that rules refer to."""

    id: Name
    name: Text = ""
    polygon: Corners

    def as_zone(self) -> Zone:
        """The contract."""
        return Zone(zone_id=self.id, name=self.name or self.id, polygon=outline(self.polygon))


class MaskEntry(Entry):
    """A region that must never be seen, and who blackens it."""

    id: Name
    polygon: Corners
    applied_by: Literal["camera", "vantage"]

    def as_mask(self) -> Mask:
        """The contract."""
        return Mask(mask_id=self.id, polygon=outline(self.polygon), applied_by=self.applied_by)


class CalibrationEntry(Entry):
    """A row-major 3x3 homography from frame units to metres, its residual, and the region it holds for."""

    homography: Annotated[list[float], Field(min_length=9, max_length=9)]
    residual_m: Annotated[float, Field(ge=0)]
    region: Corners

    def as_calibration(self) -> Calibration:
        """The contract."""
        return Calibration(homography=self.homography, residual_m=self.residual_m, region=outline(self.region))


class AnalysisEntry(Entry):
    """What detectors are asked to do."""

    detections_per_second: Annotated[float, Field(ge=0, le=25)] = 5.0
    crowd: bool = False


class CameraEntry(Entry):
    """One camera of the file."""

    id: Name
    name: Annotated[str, Field(min_length=1, max_length=500)]
    wanted: Literal["recording", "paused"] = "recording"
    source: SourceEntry
    place: PlaceEntry
    papers: PapersEntry = PapersEntry()
    groups: list[Name] = []
    zones: list[ZoneEntry] = []
    masks: list[MaskEntry] = []
    calibration: CalibrationEntry | None = None
    retention_class: Name = "standard"
    analysis: AnalysisEntry = AnalysisEntry()
    fragment_seconds: Annotated[int, Field(ge=1, le=10)] = 1

    @model_validator(mode="after")
    def _ids_once(self) -> "CameraEntry":
        for kind, ids in (("zone", [z.id for z in self.zones]), ("mask", [m.id for m in self.masks])):
            if twice := sorted({one for one in ids if ids.count(one) > 1}):
                msg = f"has {kind} {twice[0]!r} twice; give each {kind} of a camera an id of its own"
                raise ValueError(msg)
        return self

    def camera(self, cell_id: str, state: Literal["recording", "paused"]) -> Camera:
        """The contract, as a first revision of no date: the plan numbers and dates it."""
        return Camera(
            camera_id=f"{cell_id}.{self.id}",
            cell_id=cell_id,
            revision=1,
            changed_at=0,
            state=state,
            name=self.name,
            source=Source(**self.source.model_dump()),
            place=Place(**self.place.model_dump()),
            authority=self.papers.as_authority(),
            groups=list(self.groups),
            zones=[zone.as_zone() for zone in self.zones],
            masks=[mask.as_mask() for mask in self.masks],
            calibration=self.calibration.as_calibration() if self.calibration else None,
            retention_class=self.retention_class,
            analysis=Analysis(**self.analysis.model_dump()),
            fragment_seconds=self.fragment_seconds,
        )
