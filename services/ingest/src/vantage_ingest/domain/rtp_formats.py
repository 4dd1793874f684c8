"""Which unpacker a session description asks for (RFC 6184, section 8.1; RFC 7798, section 7.1)."""

from collections.abc import Mapping

from vantage_ingest.domain.rtp import Depacketizer, NotHandled
from vantage_ingest.domain.rtp_h264 import H264Depacketizer
from vantage_ingest.domain.rtp_h265 import H265Depacketizer
from vantage_ingest.domain.stream import ParameterSets

_REFUSED = {
    "h264": ("sprop-interleaving-depth", "sprop-max-don-diff"),
    "h265": ("sprop-max-don-diff", "sprop-depack-buf-nalus"),
}


def depacketizer(sets: ParameterSets, payload_type: int, parameters: Mapping[str, str]) -> Depacketizer:
    """Unpacks this payload; `parameters` are its fmtp line, names in lower case. Raises NotHandled where units do not
    come in the order of decoding, so that decoding order numbers would have to be read.
    """
    if sets.codec == "h264" and parameters.get("packetization-mode", "0") not in {"0", "1"}:
        msg = f"its packetization-mode is {parameters['packetization-mode'][:20]}"
        raise NotHandled(msg)
    for name in _REFUSED[sets.codec]:
        if parameters.get(name, "0").strip() != "0":
            msg = f"its {name} is {parameters[name][:20]}"
            raise NotHandled(msg)
    return (H264Depacketizer if sets.codec == "h264" else H265Depacketizer)(sets, payload_type)
