"""H.265 in RTP (RFC 7798) without decoding order numbers: single NAL units, aggregation packets, fragments."""

from vantage_ingest.domain.rtp import Depacketizer
from vantage_ingest.domain.stream import ParameterSets

_AGGREGATE, _FRAGMENT, _PACI = 48, 49, 50


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
            second, flags = data[at + 1], data[at + 2]
            header = bytes((first & 0x81 | (flags & 63) << 1, second))
            self._fragment(header, bytes((first, second, flags & 63)), data, at + 3, end)
            return
        if self._fragments:
            self._cut_short()
        if kind == _AGGREGATE:
            self._aggregate(data, at + 2, end)
        elif kind == _PACI:
            self._refuse("PACI")
        else:
            self._unit(data, at, end)
