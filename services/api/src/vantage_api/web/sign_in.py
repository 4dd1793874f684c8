"""What each route starts from: the gateway's parts, and who asks."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from vantage_api.domain.access import Caller
from vantage_api.errors import Unauthenticated
from vantage_api.gateway import Gateway

_bearer = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="token",
    description="An access token of the OpenID provider that GET /v1/config names, for this audience.",
    auto_error=False,
)


def gateway(request: Request) -> Gateway:
    """The gateway's parts."""
    parts: Gateway = request.app.state.gateway
    return parts


TheGateway = Annotated[Gateway, Depends(gateway)]


async def caller(
    parts: TheGateway, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who asks, as the token says. Raises Unauthenticated, ProviderUnavailable."""
    if credentials is None:
        msg = "send `Authorization: Bearer <token>`; GET /v1/config says where tokens come from"
        raise Unauthenticated(msg, token_given=False)
    return await parts.work.sign_in.run(parts.tokens.caller, credentials.credentials)


TheCaller = Annotated[Caller, Depends(caller)]
