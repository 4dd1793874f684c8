"""Which unpacker a session description asks for (RFC 6184, section 8.1; RFC 7798, section 7.1)."""

from collections.abc import Mapping

from vantage_ingest.domain.rtp import Depacketizer, NotHandled
from vantage_ingest.domain.rtp_h264 import H264Depacketizer
from vantage_ingest.domain.rtp_h265 import H265Depacketizer
from vantage_ingest.domain.stream import Codec, ParameterSets

_HANDLED: dict[Codec, dict[str, set[str]]] = {
    "h264": {"packetization-mode": {"0", "1"}},
    "h265": {"sprop-max-don-diff": {"0"}, "tx-mode": {"SRST"}},
}
"""What a parameter may say, if it stands there. All else means decoding order numbers, in packets or to be derived."""


def depacketizer(sets: ParameterSets, payload_type: int, parameters: Mapping[str, str]) -> Depacketizer:
    """Unpacks this payload; `parameters` are those of its fmtp line, names in lower case. Raises NotHandled where units
    need not come in the order of decoding.
    """
    for name, handled in _HANDLED[sets.codec].items():
        if name in parameters and parameters[name].strip() not in handled:
            msg = f"its {name} is {parameters[name][:20]}"
            raise NotHandled(msg)
    return (H264Depacketizer if sets.codec == "h264" else H265Depacketizer)(sets, payload_type)
