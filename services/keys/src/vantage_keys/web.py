"""The custodian over HTTP: three verbs on `/v1/keys/{key_id}`, problems as RFC 9457, and no answer that is kept."""

import base64
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vantage_keys import metrics
from vantage_keys.custodian import Custodian
from vantage_keys.domain.records import UNKNOWN
from vantage_keys.domain.rights import Caller, Deed
from vantage_keys.errors import Refused, UnknownCaller

_PATH = "/v1/keys/{key_id}"
_KEEP_NOTHING = {"Cache-Control": "no-store"}
_DEEDS = {"GET": Deed.USE, "POST": Deed.MAKE, "DELETE": Deed.DESTROY}
WhoseToken = Callable[[str], Caller]


class Desk:
    """Answers one request; its work blocks on disk and log, so it runs in the server's threads."""

    def __init__(self, custodian: Custodian, whose: WhoseToken) -> None:
        self._custodian = custodian
        self._whose = whose

    def __call__(self, request: Request) -> Response:
        """GET gives a key that there is, POST makes it where there is none, DELETE destroys it."""
        key_id, deed = request.path_params["key_id"], _DEEDS.get(request.method, Deed.USE)
        caller = UNKNOWN
        try:
            known = self._caller(request, deed, key_id)
            caller = known.name
            answer = self._answer(known, deed, key_id)
        except Refused as refused:
            answer = _problem(refused)
        metrics.ANSWERS.labels(caller, deed, str(answer.status_code)).inc()
        return answer

    def _answer(self, caller: Caller, deed: Deed, key_id: str) -> Response:
        if deed is Deed.DESTROY:
            self._custodian.destroy(caller, key_id)
            return Response(status_code=204, headers=_KEEP_NOTHING)
        key = self._custodian.use(caller, key_id, make=deed is Deed.MAKE)
        return JSONResponse({"key_id": key_id, "key": base64.b64encode(key).decode()}, headers=_KEEP_NOTHING)

    def _caller(self, request: Request, deed: Deed, key_id: str) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            return self._whose(token.strip() if scheme.lower() == "bearer" else "")
        except UnknownCaller:
            self._custodian.refuse_unknown(deed, key_id)
            raise


def build(custodian: Custodian, whose: WhoseToken) -> Starlette:
    """The application."""
    desk = Desk(custodian, whose)

    def answer(request: Request) -> Response:
        return desk(request)

    return Starlette(routes=[Route(_PATH, answer, methods=list(_DEEDS))])


def _problem(refused: Refused) -> Response:
    content = {"type": "about:blank", "title": refused.title, "status": refused.status, "detail": str(refused)}
    headers = _KEEP_NOTHING | ({"WWW-Authenticate": "Bearer"} if refused.status == 401 else {})
    return JSONResponse(content, refused.status, headers, "application/problem+json")
