"""The gateway's calls, as a control room's own program makes them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from vantage.errors import Retryable, VantageError

Token = Callable[[], str]
_CONNECT_S = 5.0
_READ_S = 30.0


class GatewayUnavailable(Retryable):
    """The gateway cannot be reached or cannot serve now."""


class GatewayRefused(VantageError):
    """The gateway said no; its reason is the message. `status` is the HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class View:
    """A look that was allowed: where its video is (HLS), and the whole answer."""

    view_id: str
    playlist: str
    answer: Mapping[str, Any]


class Gateway:
    """One gateway, asked with a fresh token each time. `token` is called for every request, so let it cache."""

    def __init__(self, address: str, token: Token) -> None:
        self.address = address.rstrip("/")
        self._token = token
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        self._client = httpx.Client(base_url=self.address, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def cameras(self) -> list[Mapping[str, Any]]:
        """The cameras that the token may know of."""
        return list(self.get("/v1/cameras")["cameras"])

    def alerts(self, **wanted: str | int) -> list[Mapping[str, Any]]:
        """The newest alerts first; `wanted` are the query's fields: state, camera, limit, before."""
        return list(self.get("/v1/alerts", **wanted)["alerts"])

    def look(self, camera_id: str, kind: str, purpose: str, **more: str | int) -> View:
        """Ask to look: `kind` is live or recorded (then `from_us`, `to_us`); `case` where the purpose needs one."""
        wanted = {"camera_id": camera_id, "kind": kind, "purpose": purpose, **more}
        answer = self._json("POST", "/v1/views", json=wanted)
        return View(str(answer["view_id"]), self._absolute(str(answer["playlist"])), answer)

    def get(self, path: str, **query: str | int) -> Mapping[str, Any]:
        """Any resource of the gateway, as it came."""
        return self._json("GET", path, params=query)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[str]]:
        """The lines of an endless answer, as they come."""
        sent = {**headers, **self.authorization(), "Accept": "text/event-stream"}
        with _reached(self.address), self._client.stream("GET", path, headers=sent) as answer:
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            yield answer.iter_lines()

    def authorization(self) -> dict[str, str]:
        """The header that a player of a view's video has to send."""
        return {"Authorization": f"Bearer {self._token()}"}

    def _json(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        with _reached(self.address):
            answer = self._client.request(method, path, headers=self.authorization(), **options)
        if answer.is_error:
            raise _refusal(answer)
        found: Mapping[str, Any] = answer.json()
        return found

    def _absolute(self, address: str) -> str:
        return str(httpx.URL(self.address).join(address))


@contextmanager
def _reached(address: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        msg = f"the gateway at {address} cannot be reached: {error or type(error).__name__}; is it running there?"
        raise GatewayUnavailable(msg) from error


def _refusal(answer: httpx.Response) -> VantageError:
    try:
        reason = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        reason = f"the gateway answered {answer.status_code} to {answer.request.method} {answer.request.url.path}"
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return GatewayUnavailable(reason)
    return GatewayRefused(answer.status_code, reason)
