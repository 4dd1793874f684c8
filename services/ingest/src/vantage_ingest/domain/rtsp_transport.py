"""The `Transport` field (RFC 2326, section 12.39): what we ask for, and what a camera grants."""

import re
from dataclasses import dataclass

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_PAIR = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


@dataclass(frozen=True)
class Offer:
    """What we ask for: packets in the RTSP connection itself, or by UDP to these two ports of ours."""

    ports: tuple[int, int] | None = None

    @property
    def field(self) -> str:
        """As the request has it."""
        if self.ports is None:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        return f"RTP/AVP;unicast;client_port={self.ports[0]}-{self.ports[1]}"


@dataclass(frozen=True)
class Granted:
    """What was granted: two channels of the connection, or two ports at the camera. Packets, then reports."""

    channels: tuple[int, int] | None = None
    ports: tuple[int, int] | None = None


def granted(offer: Offer, field: str) -> Granted:
    """What the camera's answer means. Raises StreamEnded where it is not what we asked for."""
    values = {
        name.strip().lower(): value.strip() for name, _, value in (part.partition("=") for part in field.split(";"))
    }
    over_tcp = "tcp" in field.partition(";")[0].lower() or "interleaved" in values
    if "multicast" in values or over_tcp != (offer.ports is None):
        raise StreamEnded(EndCause.NOT_HANDLED, "it grants another transport than it was asked for")
    if offer.ports is None:
        return Granted(channels=_pair(values.get("interleaved", "0-1"), 255))
    if "server_port" not in values:
        raise StreamEnded(EndCause.NOT_HANDLED, "it does not say from which ports it sends")
    return Granted(ports=_pair(values["server_port"], 65_535))


def _pair(text: str, largest: int) -> tuple[int, int]:
    """Two numbers; the second is the first's follower where it is not written."""
    found = _PAIR.fullmatch(text)
    first = int(found[1]) if found else -1
    second = int(found[2]) if found and found[2] else first + 1
    if not (0 <= first <= largest and 0 <= second <= largest and first != second):
        raise StreamEnded(EndCause.MALFORMED, "it grants a transport that cannot be")
    return first, second
