"""H.264 in RTP (RFC 6184), modes 0 and 1: single NAL units, STAP-A, FU-A."""

from functools import lru_cache

from vantage_ingest.domain.rtp import Depacketizer
from vantage_ingest.domain.rtp_picture import Opening
from vantage_ingest.domain.stream import ParameterSets

_STAP_A, _FU_A = 24, 28
_REFUSED = {25: "STAP-B", 26: "MTAP16", 27: "MTAP24", 29: "FU-B"}


@lru_cache(256)
def _opening(start: bytes) -> Opening:
    """What FU indicator and FU header say (5.8)."""
    first, kind = start[0], start[1] & 31
    return bytes((first & 0xE0 | kind,)), bytes((first, kind)), bytes((first, 0x40 | kind))


class H264Depacketizer(Depacketizer):
    """Unpacks H.264."""

    def __init__(self, sets: ParameterSets, payload_type: int) -> None:
        super().__init__(sets, payload_type, known=2)

    def _payload(self, data: bytes, at: int, end: int) -> None:
        first = data[at]
        kind = first & 31
        if kind == _FU_A:
            if end - at < 2:
                self._malformed()
                return
            self._fragment(_opening(data[at : at + 2]), data, at + 2, end)
            return
        if self._fragments:
            self._cut_short()
        if kind == _STAP_A:
            self._aggregate(data, at + 1, end)
        elif kind in _REFUSED:
            self._refuse(_REFUSED[kind])
        else:
            self._unit(data, at, end)
