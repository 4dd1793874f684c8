"""The dialogue that makes a camera send its video (RFC 2326): OPTIONS, DESCRIBE, SETUP, PLAY, then signs of life.

Without a socket and without a clock: messages in, bytes out. Whoever holds the connection bounds each step in time.
Only the one video is ever set up; a camera that leads elsewhere is refused; what a camera said is used in a line of
ours only where it is a plain word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_auth import Authenticator, Challenge, Nonce, challenges
from vantage_ingest.domain.rtsp_message import BadMessage, Request, Response, reply, request, word
from vantage_ingest.domain.rtsp_transport import Granted, Offer, granted
from vantage_ingest.domain.rtsp_url import controlled, plain
from vantage_ingest.domain.sdp import Video, video
from vantage_ingest.errors import StreamEnded

_DEFAULT_TIMEOUT_S = 60
_SHORTEST_TIMEOUT_S, _LONGEST_TIMEOUT_S = 2, 600
_MOST_TRIES = 2
_NO_STREAM = {404, 410}
_NO_SESSION = 454
_NO_TRANSPORT = 461
_SIGNS = ("GET_PARAMETER", "OPTIONS")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The request that is not answered yet; `tries` counts the answers to a demand for a password."""

    method: str
    url: str
    sequence: int
    tries: int = 0


class RtspSession:
    """One camera's dialogue. `answered` and `asked` give what to send and raise StreamEnded where it cannot go on."""

    def __init__(self, url: str, credential: str, offer: Offer, nonce: Nonce) -> None:
        self._url = plain(url)
        self._base = self._url
        self._known = bool(credential)
        self._offer = offer
        self._auth = Authenticator(credential, nonce)
        self._sequence = 0
        self._session = ""
        self._sign = _SIGNS[1]
        self._asked = _Asked("OPTIONS", self._url, 0)
        self.video: Video | None = None
        """What is announced; known once DESCRIBE is answered."""
        self.granted: Granted | None = None
        """Where the packets come; known once SETUP is answered."""
        self.playing = False
        self.timeout_s = _DEFAULT_TIMEOUT_S
        """After so long without a sign of life the camera may end the session."""

    @property
    def step(self) -> str:
        """The request that waits for its answer."""
        return self._asked.method

    def begin(self) -> bytes:
        """The first request."""
        return self._ask("OPTIONS", self._url)

    def keep_alive(self) -> bytes:
        """A sign of life, while it plays."""
        return self._ask(self._sign, self._base)

    def farewell(self) -> bytes:
        """Ends the session at the camera; nothing where there is none."""
        return self._ask("TEARDOWN", self._base) if self._session else b""

    def answered(self, response: Response) -> bytes:
        """The next request, or nothing. Raises StreamEnded."""
        if response.status < 200 or response.sequence not in (None, self._asked.sequence):
            return b""
        try:
            return self._next(response)
        except BadMessage as error:
            raise StreamEnded(EndCause.MALFORMED, str(error)) from None

    def asked(self, message: Request) -> bytes:
        """The answer to what the camera asks. Raises StreamEnded where it ends the stream with it."""
        if message.method == "REDIRECT":
            raise StreamEnded(EndCause.REDIRECTED, "by a REDIRECT")
        if message.method in ("TEARDOWN", "ANNOUNCE"):
            raise StreamEnded(EndCause.ENDED, f"by its own {message.method}")
        try:
            if message.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER"):
                return reply(200, "OK", message.headers)
            return reply(501, "Not Implemented", message.headers)
        except BadMessage as error:
            raise StreamEnded(EndCause.MALFORMED, str(error)) from None

    def _next(self, response: Response) -> bytes:
        if self.playing:
            return self._signed(response)
        if response.status == 401:
            return self._prove(response)
        if self._asked.method == "OPTIONS":
            return self._described(response)
        _accept(response.status, self._asked.method, self._offer)
        return {"DESCRIBE": self._set_up, "SETUP": self._play, "PLAY": self._played}[self._asked.method](response)

    def _described(self, response: Response) -> bytes:
        """A camera that does not know OPTIONS may still play; one that leads elsewhere is refused at once."""
        _follow_nobody(response.status)
        offered = {name.strip().upper() for name in response.headers.get("public").split(",")}
        self._sign = next((name for name in _SIGNS if name in offered), _SIGNS[1])
        return self._ask("DESCRIBE", self._url)

    def _set_up(self, response: Response) -> bytes:
        headers = response.headers
        self.video = video(response.body)
        self._base = word(headers.get("content-base") or headers.get("content-location") or self._url)
        if not self._base.lower().startswith("rtsp"):
            self._base = self._url
        control = word(controlled(self._base, self.video.control))
        self._base = word(controlled(self._base, self.video.aggregate))
        return self._ask("SETUP", control)

    def _play(self, response: Response) -> bytes:
        self.granted = granted(self._offer, response.headers.get("transport"))
        name, *options = response.headers.get("session").split(";")
        self._session = word(name.strip())
        for option in options:
            key, _, value = option.strip().partition("=")
            if key.lower() == "timeout" and value.isascii() and value.isdigit() and len(value) <= 6:
                self.timeout_s = min(max(int(value), _SHORTEST_TIMEOUT_S), _LONGEST_TIMEOUT_S)
        return self._ask("PLAY", self._base)

    def _played(self, _: Response) -> bytes:
        self.playing = True
        return b""

    def _signed(self, response: Response) -> bytes:
        """A camera may refuse a sign of life and play on, unless it does not know the session any more."""
        status = response.status
        if status == _NO_SESSION:
            raise StreamEnded(EndCause.ENDED, "it does not know the session any more (454)")
        _follow_nobody(status)
        if status == 401:
            offered = challenges(response.headers.all("www-authenticate"))
            return self._again(offered[0]) if self._may_try(offered) else b""
        if status >= 400:
            self._sign = _SIGNS[1]
        return b""

    def _prove(self, response: Response) -> bytes:
        """Send the request again with the password. A second demand is a refusal, unless it is for a newer nonce."""
        offered = challenges(response.headers.all("www-authenticate"))
        if not self._known:
            raise StreamEnded(EndCause.REFUSED, "401: it asks for a password and none is named")
        if not offered and not self._asked.tries:
            raise StreamEnded(EndCause.REFUSED, "401: it asks for proof of a kind that is not known")
        if not self._may_try(offered):
            raise StreamEnded(EndCause.REFUSED, "401")
        return self._again(offered[0])

    def _may_try(self, offered: Sequence[Challenge]) -> bool:
        """Whether the request was not refused with this very challenge already, nor too often."""
        if not self._known or not offered or self._asked.tries >= _MOST_TRIES:
            return False
        before = self._auth.challenge
        newer = before is None or before.nonce != offered[0].nonce
        return offered[0].stale or (newer and not self._asked.tries)

    def _again(self, challenge: Challenge) -> bytes:
        asked = self._asked
        self._auth.meet(challenge)
        again = self._ask(asked.method, asked.url)
        self._asked = replace(self._asked, tries=asked.tries + 1)
        return again

    def _ask(self, method: str, url: str) -> bytes:
        self._sequence += 1
        self._asked = _Asked(method, url, self._sequence)
        fields = {"Authorization": self._auth.field(method, url), "Session": self._session}
        if method == "DESCRIBE":
            fields["Accept"] = "application/sdp"
        elif method == "SETUP":
            fields["Transport"] = self._offer.field
        elif method == "PLAY":
            fields["Range"] = "npt=0.000-"
        return request(method, url, self._sequence, fields)


def _accept(status: int, method: str, offer: Offer) -> None:
    """Raises StreamEnded unless the answer is a yes."""
    if 200 <= status < 300:
        return
    _follow_nobody(status)
    detail = f"{status} in answer to {method}"
    if status == 403:
        raise StreamEnded(EndCause.REFUSED, "403")
    if status in _NO_STREAM:
        raise StreamEnded(EndCause.NO_SUCH_STREAM, str(status))
    if status == _NO_TRANSPORT:
        raise StreamEnded(EndCause.NOT_HANDLED, f"{detail}: not by {'TCP' if offer.ports is None else 'UDP'}")
    raise StreamEnded(EndCause.NOT_PLAYED, detail)


def _follow_nobody(status: int) -> None:
    if 300 <= status < 400:
        raise StreamEnded(EndCause.REDIRECTED, str(status))
