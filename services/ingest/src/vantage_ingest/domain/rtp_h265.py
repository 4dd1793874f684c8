"""H.265 in RTP (RFC 7798) without decoding order numbers: single NAL units, aggregation packets, fragments."""

from functools import lru_cache

from vantage_ingest.domain.rtp import Depacketizer
from vantage_ingest.domain.rtp_picture import Opening
from vantage_ingest.domain.stream import ParameterSets

_AGGREGATE, _FRAGMENT, _PACI = 48, 49, 50


@lru_cache(256)
def _opening(start: bytes) -> Opening:
    """What payload header and FU header say (4.4.3)."""
    first, second, kind = start[0], start[1], start[2] & 63
    known = bytes((first, second))
    return bytes((first & 0x81 | kind << 1, second)), known + bytes((kind,)), known + bytes((0x40 | kind,))


class H265Depacketizer(Depacketizer):
    """Unpacks H.265."""

    def __init__(self, sets: ParameterSets, payload_type: int) -> None:
        super().__init__(sets, payload_type, known=3)

    def _payload(self, data: bytes, at: int, end: int) -> None:
        first = data[at]
        kind = first >> 1 & 63
        if end - at < (3 if kind == _FRAGMENT else 2):
            self._malformed()
            return
        if kind == _FRAGMENT:
            self._fragment(_opening(data[at : at + 3]), data, at + 3, end)
            return
        if self._fragments:
            self._cut_short()
        if kind == _AGGREGATE:
            self._aggregate(data, at + 2, end)
        elif kind == _PACI:
            self._refuse("PACI")
        else:
            self._unit(data, at, end)
