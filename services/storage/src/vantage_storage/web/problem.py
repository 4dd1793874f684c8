"""Refusals and failures as RFC 9457 problems: a `code` that stays, and a `detail` that says what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from vantage.errors import Retryable
from vantage.postgres import DatabaseUnavailable
from vantage_storage.errors import Refused

_log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
_RETRY = {"Retry-After": "5"}


class Problem(BaseModel):
    """What went wrong and what to do (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Which refusal this is; it stays the same from release to release.")
    detail: str = Field(description="What was wrong and what to do.")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides its own, for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {code: {"description": HTTPStatus(code).phrase, "content": content} for code in statuses}


def answer(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as an answer."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail)
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Turn every error into a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Retryable, _away)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refused):
        raise error
    _log.info("a command is refused", path=request.url.path, code=error.code, reason=str(error))
    return answer(error.status, error.code, str(error))


async def _away(request: Request, error: Exception) -> JSONResponse:
    _log.warning("a command waits", path=request.url.path, reason=str(error))
    part = "the database" if isinstance(error, DatabaseUnavailable) else "a part of storage"
    return answer(503, "unavailable", f"{part} is away, nothing was done; try again in a few seconds", _RETRY)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(str(part) for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in error.errors()]
    return answer(422, "unfit-values", f"correct these fields: {'; '.join(faults)}")


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    detail = f"{error.detail}: GET /openapi.json lists what there is"
    return answer(error.status_code, "no-such-command", detail, error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("a command failed unexpectedly", path=request.url.path, exc_info=error)
    return answer(500, "fault", "storage has met a fault of its own; it is in its log: tell the administrator")
