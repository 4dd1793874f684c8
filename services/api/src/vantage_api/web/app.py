"""The application: routes, problems, headers, the console's files, and the OpenAPI document."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from vantage_api.gateway import Gateway
from vantage_api.web import alerts, cameras, views
from vantage_api.web.edge import Edge
from vantage_api.web.problems import Problem, add_handlers

_DESCRIPTION = """\
Who may see what, and the record of it. Every request but `GET /v1/config` needs an access token. Every decision, yes or
no, is in the audit log before anything follows from it; where it cannot be recorded the answer is 503."""

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def describe() -> dict[str, Any]:
    """The OpenAPI document."""
    return _bare().openapi()


def build(gateway: Gateway) -> ASGIApp:
    """The application over a gateway's parts."""
    app = _bare()
    app.state.gateway = gateway
    if gateway.settings.api_console_dir is not None:
        app.mount("/", _files(gateway.settings.api_console_dir), name="console")
    return Edge(app, gateway.settings.api_oidc_issuer)


def _bare() -> FastAPI:
    app = FastAPI(
        title="Vantage gateway",
        version="1",
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    for router in (cameras.router, alerts.router, views.router):
        app.include_router(router)
    add_handlers(app)
    _describe_problems(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gateway.feed.hub.bind()
    yield


def _describe_problems(app: FastAPI) -> None:
    """Put the problem into the document, and take out the framework's own answer, which nobody gets here."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        schemas = document["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        for route in (route for verbs in document["paths"].values() for route in verbs.values()):
            if "application/json" in route["responses"].get("422", {}).get("content", {}):
                del route["responses"]["422"]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _files(folder: Path) -> StaticFiles:
    return StaticFiles(directory=folder, html=True)
