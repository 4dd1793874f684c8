"""The application: the routes of every area, behind one token.

The gateway decides and says who asked; storage refuses what lacks the decision's id, and does the rest once, however
often it is asked.
"""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from vantage_storage.parts import Parts
from vantage_storage.web import destructions, holds, policies
from vantage_storage.web.bearer import Bearer
from vantage_storage.web.problem import add_handlers

_DESCRIPTION = """\
The commands of storage. Every request needs the token that the gateway and storage share. A command carries the id of \
the gateway's decision: with the same id and the same body it is done once and answered alike."""

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (policies.router, destructions.router, holds.router)
"""The routes of each area, over the parts of a running storage."""


def make_app(parts: Parts, token: SecretStr) -> FastAPI:
    """The application over a storage's parts."""
    app = FastAPI(title="Vantage storage", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router(parts))
    add_handlers(app)
    app.add_middleware(Bearer, token=token)
    return app
