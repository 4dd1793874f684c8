"""Looks at video: a view is asked for once; its playlist and segments need the view and its subject's token."""

from fastapi import APIRouter, Response

from vantage_api.domain.playlist import MEDIA_TYPE
from vantage_api.viewing import Look
from vantage_api.web.answers import ViewAnswer, ViewWish
from vantage_api.web.problems import responses
from vantage_api.web.sign_in import TheCaller, TheGateway

router = APIRouter(prefix="/v1/views", tags=["video"])
_USE = responses(401, 403, 404, 410, 503)


class Playlist(Response):
    """An HLS playlist."""

    media_type = MEDIA_TYPE


class Mp4(Response):
    """Fragmented MP4."""

    media_type = "video/mp4"


@router.post("", status_code=201, summary="Ask to look", responses=responses(401, 403, 404, 422, 503))
async def look(gateway: TheGateway, caller: TheCaller, wish: ViewWish) -> ViewAnswer:
    """Decide whether this look is allowed, record the decision, and give a view that ends after an hour.

    Live needs the role operator or investigator; recorded needs investigator, and a case for some purposes.
    """
    wanted = Look(wish.camera_id, wish.kind, wish.purpose, wish.case.strip(), wish.from_us, wish.to_us)
    view, gaps = await gateway.viewing.open(caller, wanted)
    return ViewAnswer.of(view, list(gaps))


@router.get("/{view_id}/playlist.m3u8", summary="Play a view", response_class=Playlist, responses=_USE)
async def playlist(gateway: TheGateway, caller: TheCaller, view_id: str) -> Playlist:
    """The view as an HLS playlist of fragmented MP4. Players must send the token with each request."""
    view = await gateway.viewing.use(caller, view_id)
    return Playlist(await gateway.viewing.playlist(view))


@router.get("/{view_id}/init/{name}.mp4", summary="Read an initialisation segment", response_class=Mp4, responses=_USE)
async def init(gateway: TheGateway, caller: TheCaller, view_id: str, name: str) -> Mp4:
    """What a player needs before the first segment; the playlist names it."""
    view = await gateway.viewing.use(caller, view_id)
    return Mp4(await gateway.viewing.init(view, name))


@router.get("/{view_id}/segments/{name}.m4s", summary="Read a segment", response_class=Mp4, responses=_USE)
async def segment(gateway: TheGateway, caller: TheCaller, view_id: str, name: str) -> Mp4:
    """About a second of video; the playlist names it."""
    view = await gateway.viewing.use(caller, view_id)
    return Mp4(await gateway.viewing.segment(view, name))
