"""What of a picture's NAL units is stored, and which units are a picture's (asked for every picture, hence a table)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from vantage_ingest.domain.nal import KEY, kind
from vantage_ingest.domain.nal import ROLES as NAL_ROLES
from vantage_ingest.domain.nal import SLICE as NAL_SLICE
from vantage_ingest.domain.stream import Codec, ParameterSets

OTHER, SLICE, SPECIAL = 0, 1, 2
"""A unit beside a picture's slices; a slice that decoders take; one that is looked at closely: a parameter set, or one
with the forbidden bit, which is damaged by its sender's own word. That is kept as it came, and counts as no slice.
"""
_FORBIDDEN = 0x80
_SETS: Mapping[Codec, range] = MappingProxyType({"h264": range(7, 9), "h265": range(32, 35)})


def _role(codec: Codec, first: int) -> int:
    if first & _FORBIDDEN or kind(codec, bytes((first,))) in _SETS[codec]:
        return SPECIAL
    return SLICE if NAL_ROLES[codec][first] in (NAL_SLICE, KEY) else OTHER


ROLES: Mapping[Codec, bytes] = MappingProxyType(
    {
        "h264": bytes(_role("h264", first) for first in range(256)),
        "h265": bytes(_role("h265", first) for first in range(256)),
    }
)
"""For each codec: what a unit with this first byte is to the cutting of pictures."""


def has_slice(codec: Codec, nals: Iterable[bytes]) -> bool:
    """Whether there is something of a picture among the units, none of which is empty."""
    roles = ROLES[codec]
    return any(roles[nal[0]] == SLICE for nal in nals)


def stored(sets: ParameterSets, nals: Iterable[bytes]) -> tuple[bytes, ...]:
    """The units that go into a sample, as received: all but repetitions of the parameter sets that stand in the
    initialisation segment (ISO 14496-15). Another set stays where it was sent.
    """
    known = (*sets.sps, *sets.pps, *sets.vps)
    return tuple([nal for nal in nals if nal not in known])
