"""The door: nobody without the token gets as far as a route, the OpenAPI document included."""

import secrets

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vantage_storage.web.problem import answer

_SCHEME = "bearer "


class Bearer:
    """Compares the token in constant time: how long a refusal takes tells nothing of it."""

    def __init__(self, app: ASGIApp, token: SecretStr) -> None:
        self._app = app
        self._token = token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or self._holds(Headers(scope=scope).get("authorization", "")):
            await self._app(scope, receive, send)
            return
        refusal = answer(
            401,
            "token-needed",
            "the token of this request is missing or another one: send VANTAGE_STORAGE_API_TOKEN as a bearer token",
            headers={"WWW-Authenticate": 'Bearer realm="vantage-storage"'},
        )
        await refusal(scope, receive, send)

    def _holds(self, header: str) -> bool:
        offered = header[len(_SCHEME) :] if header.lower().startswith(_SCHEME) else ""
        return secrets.compare_digest(offered.encode(), self._token)
