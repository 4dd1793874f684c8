"""A camera's side of RTSP, for tests: answers to what a client sends, and a whole dialogue as bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vantage_ingest.domain.rtsp_client import RtspClient
from vantage_ingest.domain.rtsp_transport import Offer
from vantage_ingest.domain.stream import AccessUnit

URL = "rtsp://camera.example/live"
NOW_US = 1_790_000_000_000_000
SDP = """v=0
o=- 0 0 IN IP4 0.0.0.0
s=cam
c=IN IP4 0.0.0.0
t=0 0
a=control:*
m=audio 0 RTP/AVP 0
a=control:trackID=9
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==
a=control:trackID=1
"""
GRANTED = "RTP/AVP/TCP;unicast;interleaved=0-1"


def answer(status: int, sequence: int | None, body: str = "", **headers: str) -> bytes:
    """An answer; underscores in the names of headers are hyphens."""
    lines = [f"RTSP/1.0 {status} Whatever", *([] if sequence is None else [f"CSeq: {sequence}"])]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass
class Said:
    """A request as it was sent."""

    method: str
    url: str
    sequence: int
    fields: Mapping[str, str]


def said(data: bytes) -> Said:
    first, *lines = data.decode().removesuffix("\r\n\r\n").split("\r\n")
    method, url, version = first.split(" ")
    assert version == "RTSP/1.0"
    fields = dict(line.split(": ", 1) for line in lines)
    return Said(method, url, int(fields["CSeq"]), fields)


@dataclass
class Camera:
    """Answers as told; `answers` are status, body and headers by method, and what is not there is a yes."""

    client: RtspClient
    answers: dict[str, Sequence[bytes]] = field(default_factory=dict)
    asked: list[Said] = field(default_factory=list)

    def run(self, most: int = 20) -> "Camera":
        """Go on until the client asks nothing more."""
        for _ in range(most):
            if not self.client.outgoing or self.client.end is not None:
                break
            request = said(self.client.outgoing)
            self.client.outgoing = b""
            self.asked.append(request)
            self.hear(self.reply(request))
        return self

    def reply(self, request: Said) -> bytes:
        waiting = self.answers.get(request.method)
        if waiting:
            self.answers[request.method] = waiting[1:] or waiting[-1:]
            return re.sub(rb"CSeq: -1", b"CSeq: %d" % request.sequence, waiting[0])
        usual = {
            "OPTIONS": answer(200, request.sequence, Public="OPTIONS, DESCRIBE, GET_PARAMETER"),
            "DESCRIBE": answer(200, request.sequence, SDP, Content_Base=URL + "/"),
            "SETUP": answer(200, request.sequence, Transport=GRANTED, Session="12345678;timeout=30"),
        }
        return usual.get(request.method, answer(200, request.sequence, Session="12345678"))

    def hear(self, data: bytes) -> Sequence[AccessUnit]:
        return self.client.take(self.client.rest + data, NOW_US)


def client(url: str = URL, credential: str = "", offer: Offer | None = None) -> RtspClient:
    return RtspClient(url, credential, offer or Offer(), lambda: "0a4f113b", 7)
