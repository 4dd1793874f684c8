"""What a camera announces (RFC 8866), as far as a recorder of video needs it: the first video of a codec of ours.

Sound and whatever else is announced is passed over, so that nothing but video can ever be set up.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.nal import sets_in
from vantage_ingest.domain.stream import Codec, ParameterSets
from vantage_ingest.errors import StreamEnded

_CODECS: Mapping[str, Codec] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}
_SETS: Mapping[Codec, Sequence[str]] = {
    "h264": ("sprop-parameter-sets",),
    "h265": ("sprop-vps", "sprop-sps", "sprop-pps"),
}
_MOST_MEDIA = 32


@dataclass(frozen=True)
class Video:
    """The video to set up. `control` is what the camera calls it, `aggregate` what it calls the whole; either may be
    empty. `parameters` are the format's own (RFC 6184, section 8.1; RFC 7798, section 7.1), names in lower case.
    """

    codec: Codec
    payload_type: int
    control: str
    aggregate: str
    sets: ParameterSets
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Media:
    """One `m=` section as it is read."""

    kind: str
    profile: str
    formats: Sequence[str]
    control: str = ""
    maps: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)


def video(description: bytes) -> Video:
    """The video that a session description announces.

    Raises StreamEnded: NOT_PLAYED without a video, UNSUPPORTED without a codec of ours, NOT_HANDLED where its
    packets are encrypted, MALFORMED where it is no description.
    """
    aggregate, media = _sections(description.decode("utf-8", "replace"))
    videos = [one for one in media if one.kind == "video"]
    if not videos:
        raise StreamEnded(EndCause.NOT_PLAYED, "it announces no video")
    for one in videos:
        for number in one.formats:
            codec = _CODECS.get(_encoding(one, number))
            if codec is not None:
                return _checked(one, number, codec, aggregate)
    names = sorted({_encoding(one, number).lower() for one in videos for number in one.formats})
    raise StreamEnded(EndCause.UNSUPPORTED, f"it announces {', '.join(names)[:60]}")


def _checked(media: _Media, number: str, codec: Codec, aggregate: str) -> Video:
    parameters = media.parameters.get(number, {})
    if "SAVP" in media.profile:
        raise StreamEnded(EndCause.NOT_HANDLED, "it encrypts its packets (SRTP)")
    return Video(codec, int(number), media.control, aggregate, _sets(codec, parameters), parameters)


def _sections(text: str) -> tuple[str, Sequence[_Media]]:
    """The session's own control url, and each media section."""
    aggregate = ""
    media: list[_Media] = []
    for line in text.splitlines():
        kind, value = line[:2], line[2:].strip()
        if kind == "m=":
            media.append(_media(value))
        elif kind == "a=" and media:
            _attribute(media[-1], value)
        elif kind == "a=" and value.startswith("control:"):
            aggregate = value.removeprefix("control:").strip()
    if len(media) > _MOST_MEDIA or not text.lstrip().startswith("v="):
        raise StreamEnded(EndCause.MALFORMED, "what it announces is no session description")
    return aggregate, media


def _media(value: str) -> _Media:
    kind, _, profile, *formats = [*value.split(), "", "", ""][: max(3, len(value.split()))]
    return _Media(kind, profile, [name for name in formats if name.isascii() and name.isdigit() and len(name) <= 3])


def _attribute(media: _Media, value: str) -> None:
    name, _, rest = value.partition(":")
    number, _, text = rest.strip().partition(" ")
    if name == "control":
        media.control = rest.strip()
    elif name == "rtpmap":
        media.maps[number] = text.strip().partition("/")[0].upper()
    elif name == "fmtp":
        pairs = (part.strip().partition("=") for part in text.split(";"))
        media.parameters[number] = {key.strip().lower(): content.strip() for key, _, content in pairs if key}


def _encoding(media: _Media, number: str) -> str:
    name = media.maps.get(number, f"payload type {number}" if number != "26" else "jpeg")
    return name if name.isprintable() else "a codec without a name"


def _sets(codec: Codec, parameters: Mapping[str, str]) -> ParameterSets:
    values = [part for name in _SETS[codec] for part in parameters.get(name, "").split(",")]
    return sets_in(codec, [nal for nal in map(_unpacked, values) if len(nal) > 2])


def _unpacked(text: str) -> bytes:
    """The bytes; none where a camera wrote nonsense, since the parameter sets come in the stream as well."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
