"""One camera asked from its clock to its masks."""

import datetime as dt
from typing import Any

from zeep.exceptions import Fault

from vantage.camera_address import BadAddress, CameraAddress, without_secrets
from vantage.clock import Clock
from vantage_ingest.adapters.resolver import Address, Resolver
from vantage_ingest.errors import StreamEnded
from vantage_ingest.onvif.device import Device
from vantage_ingest.onvif.findings import Findings, Profile, ToldMask
from vantage_ingest.onvif.media import MEDIA, MEDIA2, by_media, by_media2

_PREFIX = "http://www.onvif.org/"


async def ask(address: Address, credential: str, resolver: Resolver, clock: Clock) -> Findings:
    """All that the camera says. Raises NoAnswer, and what its library raises."""

    def check(url: str) -> tuple[str, str]:
        return checked(url, resolver)

    async with Device(address.ip, address.port, credential) as device:
        offset = await _offset(device, clock)
        if offset is not None:
            device.differs_by(offset)
        management = await device.service("devicemgmt")
        about = await management.GetDeviceInformation()
        services = await _services(management)
        profiles: list[Profile] = []
        masks: list[ToldMask] | None = None
        if MEDIA2 in services:
            profiles, masks = await by_media2(device, services[MEDIA2], check)
        if not profiles:
            profiles = await by_media(device, services.get(MEDIA), check)
    return Findings(
        host=address.host,
        ip=address.ip,
        manufacturer=str(about.Manufacturer or ""),
        model=str(about.Model or ""),
        firmware=str(about.FirmwareVersion or ""),
        serial=str(about.SerialNumber or ""),
        services=sorted(name.removeprefix(_PREFIX).removesuffix("/wsdl") for name in services),
        clock_offset_seconds=None if offset is None else offset.total_seconds(),
        profiles=profiles,
        masks=masks,
    )


def checked(url: str, resolver: Resolver) -> tuple[str, str]:
    """An address as the camera gives it, without user and password, and why it may not be opened."""
    head, separator, rest = url.strip().partition("://")
    authority, slash, path = rest.partition("/")
    plain = f"{head}{separator}{authority.rpartition('@')[2]}{slash}{path}"
    try:
        CameraAddress.parse(plain)
        resolver.address(plain)
    except BadAddress as error:
        return without_secrets(plain), error.wrong
    except StreamEnded as end:
        return plain, end.detail or str(end)
    return plain, ""


async def _offset(device: Device, clock: Clock) -> dt.timedelta | None:
    """The camera's clock minus ours, by the middle between question and answer; it tells without a password."""
    management = await device.service("devicemgmt")
    before = clock.now_us()
    told = await management.authless_GetSystemDateAndTime()
    ours = (before + clock.now_us()) / 2
    moment = told.UTCDateTime if told is not None else None
    if moment is None:
        return None
    day, time = moment.Date, moment.Time
    theirs = dt.datetime(day.Year, day.Month, day.Day, time.Hour, time.Minute, min(59, time.Second), tzinfo=dt.UTC)
    return dt.timedelta(seconds=theirs.timestamp() - ours / 1e6)


async def _services(management: Any) -> dict[str, str]:
    """Namespace and address of each service; by the older question where the newer is not known."""
    try:
        found = await management.GetServices({"IncludeCapability": False})
        return {str(one.Namespace): str(one.XAddr) for one in found or []}
    except Fault:  # an older camera does not know the question
        pass
    told = await management.GetCapabilities({"Category": "All"})
    media = getattr(told, "Media", None)
    return {MEDIA: str(media.XAddr)} if media is not None else {}
