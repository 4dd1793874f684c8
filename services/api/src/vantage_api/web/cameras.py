"""The cameras of the cell, and what a client must know to sign in."""

from fastapi import APIRouter

from vantage_api.domain.access import Wish
from vantage_api.web.answers import CameraAnswer, CamerasAnswer, Config
from vantage_api.web.problems import responses
from vantage_api.web.sign_in import TheCaller, TheGateway

router = APIRouter(prefix="/v1", tags=["cameras"])


@router.get("/config", summary="Where to sign in", tags=["sign-in"])
async def config(gateway: TheGateway) -> Config:
    """What a client needs before it can sign in; the one resource that needs no token."""
    settings = gateway.settings
    return Config(
        issuer=settings.api_oidc_issuer,
        client_id=settings.api_client_id,
        audience=settings.api_audience,
        cell_id=settings.cell_id,
    )


@router.get("/cameras", summary="List the cameras", responses=responses(401, 403, 503))
async def cameras(gateway: TheGateway, caller: TheCaller) -> CamerasAnswer:
    """Every camera of the cell. Where its stream is, and what opens it, is never told."""
    await gateway.doorkeeper.admit(caller, Wish("cameras.list", gateway.settings.cell_id))
    return CamerasAnswer(cameras=[CameraAnswer.of(camera) for camera in gateway.cameras.all()])
