"""The cameras' control interface: what can be done to them, and what they say of what they sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import httpx
import msgspec

from vantage_stack.errors import PartFailed

Op = Literal[
    "stall",
    "resume",
    "drop",
    "end",
    "off",
    "on",
    "hang",
    "unhang",
    "loss",
    "truncate",
    "garbage",
    "babble",
    "slow",
    "unmarked",
    "jump",
    "repeat",
    "skew",
    "drift",
    "codec",
    "sei",
]
"""What can be done to a stream of a camera, and its value; `server/ops.go` does it.

| op | value | what the camera does |
|---|---|---|
| `stall`, `resume` | | sends no picture, while connection and sender reports go on; sends again |
| `drop` | | ends each reader's connection once, without a word |
| `end` | | ends each once, after RTCP's goodbye |
| `off`, `on` | | ends them and answers 404; answers again |
| `hang`, `unhang` | | leaves new requests without an answer, for a minute at most; answers again |
| `loss` | of 1,000 | loses so many packets |
| `truncate` | of 1,000 | cuts so many packets short |
| `garbage` | of 1,000 | puts a packet of random bytes before so many: any NAL unit type, forbidden bit, nonsense |
| `babble` | bytes | puts random bytes between two frames of the interleaving, once |
| `slow` | bytes/s | lets no more through a connection; 0 lifts it |
| `unmarked` | 0, 1 | leaves the marker bit away, which ends a picture |
| `jump` | ms | moves time stamps from now on, forward or back, while the clock goes on |
| `repeat` | pictures | gives the next so many the time stamp of the one before |
| `skew` | ms | sets the camera's clock, and that of its second stream, ahead of the true time or back |
| `drift` | ppm | lets that clock run fast, time stamps and reports alike |
| `codec` | number | sends clip 1, 2 and so on of those given; 0 its own; -1 its own with a broken SPS |
| `sei` | 0, 1 | puts a user-data SEI unit with a running number before each picture |
"""

SEI_IDENTITY = b"vantage-camera#1"
"""The 16 bytes by which the SEI units of `sei` are known; 12 decimal digits follow."""

_PLENTY_S = 10.0


@dataclass(frozen=True)
class CameraStats:
    """How many read a stream now; how many frames it has sent, or would have, were there a reader; and, once for each
    reader, those sent and those dropped because the reader did not take them.
    """

    readers: int
    frames: int
    sent: int
    dropped: int


class SentPicture(msgspec.Struct, frozen=True):
    """One picture as it went out: RTP time stamp, time by the camera's clock in microseconds, and the SHA-256 of each
    NAL unit in the order of sending. Not `whole` where a fault changed its packets or a reader did not get it.
    """

    rtp: int
    ntp_us: int
    keyframe: bool
    whole: bool
    nals: list[str]


class Control:
    """Asks the server at `host:port`. Everything raises PartFailed where it refuses or is not there."""

    def __init__(self, address: str) -> None:
        self._address = address

    def do(self, path: str, op: Op, value: int) -> None:
        """Do `op` to the stream of this path, or to all cameras where it is `*`."""
        self._ask("POST", "/control", {"camera": path, "op": op, "value": str(value)})

    def change_credential(self, credential: str) -> None:
        """Ask for another `user:password` from now on."""
        self._ask("POST", "/credential", {}, credential)

    def stats(self) -> dict[str, CameraStats]:
        """Each path's counters."""
        answer = self._ask("GET", "/stats", {})
        return {path: CameraStats(**figures) for path, figures in answer.json().items()}

    def sent(self, path: str, last: int) -> list[SentPicture]:
        """The last pictures of a path that somebody read, the oldest first."""
        answer = self._ask("GET", "/sent", {"camera": path, "last": str(last)})
        return msgspec.json.decode(answer.content, type=list[SentPicture])

    def _ask(self, method: str, path: str, query: Mapping[str, str], body: str = "") -> httpx.Response:
        try:
            answer = httpx.request(
                method,
                f"http://{self._address}{path}",
                params=query,
                content=body,
                timeout=_PLENTY_S,
                trust_env=False,
            )
        except httpx.TransportError as error:
            msg = f"the virtual cameras do not answer ({error}): have they been started?"
            raise PartFailed(msg) from error
        if answer.is_error:
            msg = f"{' '.join([path, *query.values()])}: {answer.text.strip()}"
            raise PartFailed(msg)
        return answer
