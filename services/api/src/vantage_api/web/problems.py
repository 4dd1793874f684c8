"""Refusals and failures as RFC 9457 problems, each with a `detail` that says what to do."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from vantage.errors import BrokerUnavailable, KeysUnavailable, StoreUnavailable, VantageError
from vantage.postgres import DatabaseUnavailable
from vantage_api.errors import (
    AuditUnavailable,
    Damaged,
    IndexMissing,
    NotFollowing,
    Overloaded,
    ProviderUnavailable,
    Refusal,
)

_log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
_RETRY = {"Retry-After": "5"}
_AWAY: Mapping[type[VantageError], str] = {
    AuditUnavailable: "the decision cannot be recorded now (the event log is away), so nothing is served",
    ProviderUnavailable: "the sign-in provider's keys cannot be had, so no token can be checked",
    DatabaseUnavailable: "the database is away",
    IndexMissing: "the index that this is read from has not been made yet",
    NotFollowing: "the event log has not been read to its end yet",
    BrokerUnavailable: "the event log is away",
    KeysUnavailable: "no key can be had to decrypt this video (its custodian, or the record of its use, is away)",
    StoreUnavailable: "the object store is away",
    Damaged: "the stored video is damaged: tell the administrator",
    Overloaded: "the gateway has too much to do",
}
DESCRIPTIONS: Mapping[int, str] = {
    400: "A value that is none of ours",
    401: "No token, or one that does not hold",
    403: "The decision was no; it is recorded",
    404: "Not there",
    410: "It was there, and is over",
    422: "Values that do not fit",
    503: "A part is away; nothing is served until the decision can be recorded",
}


class Problem(BaseModel):
    """What went wrong and what to do (RFC 9457). Some problems have further members."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What was wrong and what to do.")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides its own, for the OpenAPI document."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {code: {"description": DESCRIPTIONS[code], "content": {MEDIA_TYPE: schema}} for code in statuses}


def answer(
    status: int,
    title: str,
    detail: str,
    *,
    more: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as an answer."""
    body = {**Problem(title=title, status=status, detail=detail).model_dump(), **(more or {})}
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Turn every error into a problem."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(VantageError, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refusal):
        raise error
    return answer(error.status, error.title, error.detail, more=error.more, headers=error.headers)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    _log.warning("not served", path=request.url.path, kind=type(error).__name__, reason=str(error))
    words = next((text for kind, text in _AWAY.items() if isinstance(error, kind)), "a part of the gateway is away")
    return answer(503, "Not available now", f"{words}; try again in a few seconds", headers=_RETRY)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(str(part) for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in error.errors()]
    return answer(422, "Unfit values", f"correct these fields: {'; '.join(faults)}")


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    detail = f"{error.detail}: GET /v1/openapi.json lists what there is"
    return answer(error.status_code, str(error.detail), detail, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("a request failed unexpectedly", path=request.url.path, exc_info=error)
    return answer(500, "Error", "the gateway has met a fault of its own; it is in its log: tell the administrator")
