"""The camera's streams and masks: by Media2 where it has it, which alone knows H.265 and masks, else by Media."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from vantage_ingest.onvif.device import Device, path_of
from vantage_ingest.onvif.errors import NoAnswer
from vantage_ingest.onvif.findings import Corner, Profile, ToldMask

MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_NAMES = {"m": MEDIA2, "t": _SCHEMA}
_MOST_PROFILES = 16
_STREAM = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}

Check = Callable[[str], tuple[str, str]]
"""Gives an address without secrets, and why it may not be opened."""


async def by_media2(device: Device, address: str, check: Check) -> tuple[list[Profile], list[ToldMask] | None]:
    """Streams, and masks where it has any notion of them. Raises NoAnswer."""
    path = path_of(address)
    found = await device.ask(path, MEDIA2, "GetProfiles", {"Type": "All"})
    profiles = [
        await _media2_profile(device, path, one, check) for one in found.findall("m:Profiles", _NAMES)[:_MOST_PROFILES]
    ]
    try:
        told = await device.ask(path, MEDIA2, "GetMasks", {})
    except NoAnswer:
        return profiles, None
    return profiles, [_mask(one) for one in told.findall("m:Masks", _NAMES)]


async def by_media(device: Device, address: str | None, check: Check) -> list[Profile]:
    """Streams."""
    media = await device.service("media", path_of(address))
    found = []
    for one in (await media.GetProfiles())[:_MOST_PROFILES]:
        asked = {"StreamSetup": _STREAM, "ProfileToken": one.token}
        url, refused = check(str((await media.GetStreamUri(asked)).Uri))
        found.append(_profile(one, url, refused))
    return found


async def _media2_profile(device: Device, path: str, one: etree._Element, check: Check) -> Profile:
    token = one.get("token", "")
    answer = await device.ask(path, MEDIA2, "GetStreamUri", {"Protocol": "RTSP", "ProfileToken": token})
    url, refused = check(_text(answer, "m:Uri"))
    coder = one.find("m:Configurations/m:VideoEncoder", _NAMES)
    return Profile(
        token=token,
        name=_text(one, "m:Name"),
        codec=_text(coder, "t:Encoding").upper(),
        width=_number(_text(coder, "t:Resolution/t:Width")),
        height=_number(_text(coder, "t:Resolution/t:Height")),
        frames_per_second=float(_number(_text(coder, "t:RateControl/t:FrameRateLimit"))),
        kilobits_per_second=_number(_text(coder, "t:RateControl/t:BitrateLimit")),
        url=url,
        refused=refused,
    )


def _profile(one: Any, url: str, refused: str) -> Profile:
    coder = one.VideoEncoderConfiguration
    rate = coder.RateControl if coder is not None else None
    return Profile(
        token=str(one.token),
        name=str(one.Name),
        codec=str(coder.Encoding) if coder is not None else "",
        width=int(coder.Resolution.Width) if coder is not None else 0,
        height=int(coder.Resolution.Height) if coder is not None else 0,
        frames_per_second=float(rate.FrameRateLimit) if rate is not None else 0.0,
        kilobits_per_second=int(rate.BitrateLimit) if rate is not None else 0,
        url=url,
        refused=refused,
    )


def _mask(one: etree._Element) -> ToldMask:
    points = one.findall("m:Polygon/t:Point", _NAMES)
    enabled = _text(one, "m:Enabled").lower() in ("true", "1")
    return ToldMask(token=one.get("token", ""), enabled=enabled, polygon=[_corner(point) for point in points])


def _corner(point: etree._Element) -> Corner:
    """ONVIF's picture goes from -1 to 1, upwards; ours from 0 to 1, downwards."""
    x, y = (float(point.get(axis, "0")) for axis in ("x", "y"))
    return min(1.0, max(0.0, (x + 1) / 2)), min(1.0, max(0.0, (1 - y) / 2))


def _text(element: etree._Element | None, path: str) -> str:
    found = element.findtext(path, "", _NAMES) if element is not None else ""
    return (found or "").strip()


def _number(text: str) -> int:
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return 0
