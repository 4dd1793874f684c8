"""NAL units: taken out of an Annex B byte stream, and told apart (ITU-T H.264 table 7-1, H.265 table 7-1)."""

from collections.abc import Iterable, Sequence

from vantage_ingest.domain.stream import Codec, ParameterSets

_START_CODE = b"\x00\x00\x01"
_SLICES: dict[Codec, range] = {"h264": range(1, 6), "h265": range(32)}
_KEYS: dict[Codec, range] = {"h264": range(5, 6), "h265": range(16, 24)}
_UNITS: dict[Codec, range] = {"h264": range(1, 24), "h265": range(48)}
_SETS: dict[Codec, dict[int, str]] = {"h264": {7: "sps", 8: "pps"}, "h265": {32: "vps", 33: "sps", 34: "pps"}}


def split(stream: bytes) -> tuple[bytes, ...]:
    """The NAL units between the start codes. A NAL unit never ends in a zero byte, so those are the stream's own."""
    return tuple(nal for part in stream.split(_START_CODE)[1:] if (nal := part.rstrip(b"\x00")))


def kind(codec: Codec, nal: bytes) -> int:
    """The unit's `nal_unit_type`."""
    return nal[0] & 31 if codec == "h264" else nal[0] >> 1 & 63


OTHER, SLICE, KEY, NONE = range(4)
"""What a unit is to a picture: beside its slices, a coded slice, one of a picture that decodes by itself (IDR in H.264,
IRAP in H.265), or a type that is no NAL unit's and that the payload formats use for themselves.
"""


def _role(codec: Codec, first: int) -> int:
    number = kind(codec, bytes((first,)))
    if number in _KEYS[codec]:
        return KEY
    if number in _SLICES[codec]:
        return SLICE
    return OTHER if number in _UNITS[codec] else NONE


ROLES: dict[Codec, bytes] = {
    "h264": bytes(_role("h264", first) for first in range(256)),
    "h265": bytes(_role("h265", first) for first in range(256)),
}
"""The role of a unit by its first byte: a look-up, because it is asked for every unit of every camera."""


def is_keyframe(codec: Codec, nals: Iterable[bytes]) -> bool:
    """Whether a picture of these units decodes by itself: IDR in H.264, IRAP in H.265."""
    roles = ROLES[codec]
    return any(roles[nal[0]] == KEY for nal in nals)


def without_sets(codec: Codec, nals: Sequence[bytes]) -> tuple[bytes, ...]:
    """The units that go into a sample: the parameter sets stand in the initialisation segment (ISO 14496-15)."""
    return tuple(nal for nal in nals if kind(codec, nal) not in _SETS[codec])


def sets_in(codec: Codec, nals: Iterable[bytes]) -> ParameterSets:
    """The parameter sets among the units."""
    found: dict[str, list[bytes]] = {"vps": [], "sps": [], "pps": []}
    for nal in nals:
        name = _SETS[codec].get(kind(codec, nal))
        if name and nal not in found[name]:
            found[name].append(nal)
    return ParameterSets(codec, tuple(found["sps"]), tuple(found["pps"]), tuple(found["vps"]))


def updated(known: ParameterSets, nals: Iterable[bytes]) -> ParameterSets:
    """What is in force after these units: `known` itself unless they bring a set that it does not hold."""
    seen = sets_in(known.codec, nals)
    pairs = ((seen.sps, known.sps), (seen.pps, known.pps), (seen.vps, known.vps))
    if all(set(new) <= set(old) for new, old in pairs):
        return known
    return ParameterSets(known.codec, seen.sps or known.sps, seen.pps or known.pps, seen.vps or known.vps)
