"""The alerts: as they are, and as they come."""

import asyncio
from contextlib import aclosing
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Send

from vantage.contracts.alert import AlertState
from vantage_api.domain.access import Wish
from vantage_api.domain.cursor import parse_cursor
from vantage_api.errors import Malformed, NotThere
from vantage_api.ports import AlertQuery
from vantage_api.web.answers import CAMERA_ID, AlertAnswer, AlertsAnswer
from vantage_api.web.problems import responses
from vantage_api.web.sign_in import TheCaller, TheGateway

_log = structlog.get_logger()
router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_SEND_S = 30.0
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events without end: `id` is the cursor, `event` the change, `data` an AlertEvent as JSON.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class EventStream(StreamingResponse):
    """An endless answer; a subscriber that takes nothing for half a minute is cut off."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send each part as it comes."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self.body_iterator) as parts:  # type: ignore[type-var]
                async for part in parts:
                    async with asyncio.timeout(_SEND_S):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
        except TimeoutError:
            _log.info("a subscriber has taken nothing and is cut off", after_s=_SEND_S)
            return  # without an end of the body: the server closes the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Page(BaseModel):
    """Which alerts are wanted."""

    model_config = ConfigDict(extra="forbid")
    state: AlertState | None = Field(None, description="Only those in this state.")
    camera: str | None = Field(None, pattern=CAMERA_ID, description="Only those of this camera.")
    limit: int = Field(50, ge=1, le=200)
    before: str = Field("", description="Only those raised before: UTC microseconds, or `next` of the page before.")

    def query(self) -> AlertQuery:
        """As the index is asked. Raises Malformed."""
        return AlertQuery(limit=self.limit, state=self.state, camera_id=self.camera, before=_before(self.before))


@router.get("", summary="List alerts", responses=responses(400, 401, 403, 422, 503))
async def alerts(gateway: TheGateway, caller: TheCaller, page: Annotated[Page, Query()]) -> AlertsAnswer:
    """The alerts as they are now, the newest first."""
    query = page.query()
    await gateway.doorkeeper.admit(caller, Wish("alerts.list", page.camera or gateway.settings.cell_id))
    rows = await gateway.work.index.run(gateway.alerts.list, query)
    found = [AlertAnswer.of(row) for row in rows]
    following = f"{found[-1].raised_at}~{found[-1].alert_id}" if len(found) == page.limit else None
    return AlertsAnswer(alerts=found, next=following)


@router.get(
    "/stream",
    summary="Follow alerts",
    response_class=EventStream,
    responses={**_STREAM, **responses(400, 401, 403, 410, 503)},
)
async def stream(
    gateway: TheGateway,
    caller: TheCaller,
    after: Annotated[str, Query(description="Go on after the event of this id.")] = "",
    last_event_id: Annotated[str, Header(alias="Last-Event-ID", description="As `after`; it wins over it.")] = "",
) -> EventStream:
    """Each change of each alert as it is made, once, by Server-Sent Events. Without an id it starts with the next one;
    410 says that what follows the id is no longer kept, and which is the first id there still is (`first_available`).
    """
    cursor = _cursor(last_event_id or after)
    detail = {"after": "" if cursor is None else str(cursor)}
    await gateway.doorkeeper.admit(caller, Wish("alerts.stream", gateway.settings.cell_id), detail)
    position = await gateway.feed.position(cursor)
    parts = gateway.feed.stream(position, lambda: caller.token_ends - gateway.clock.now_us() / 1e6)
    return EventStream(parts, headers={"X-Accel-Buffering": "no"})


@router.get("/{alert_id}", summary="Read one alert", responses=responses(401, 403, 404, 422, 503))
async def alert(
    gateway: TheGateway, caller: TheCaller, alert_id: Annotated[str, Path(pattern=r"^[\w.-]{1,100}$")]
) -> AlertAnswer:
    """One alert as it is now."""
    await gateway.doorkeeper.admit(caller, Wish("alerts.list", alert_id))
    row = await gateway.work.index.run(gateway.alerts.get, alert_id)
    if row is None:
        msg = f"there is no alert {alert_id!r}; GET /v1/alerts lists those there are"
        raise NotThere(msg)
    return AlertAnswer.of(row)


def _cursor(text: str) -> int | None:
    try:
        return parse_cursor(text) if text else None
    except ValueError as error:
        raise Malformed(str(error)) from error


def _before(text: str) -> tuple[int, str] | None:
    time, _, alert_id = text.partition("~")
    if not text:
        return None
    if not (time.isascii() and time.isdecimal() and len(time) <= 17) or "\0" in alert_id:
        msg = f"before={text[:40]!r} is neither a time in UTC microseconds nor the `next` of a page"
        raise Malformed(msg)
    return int(time), alert_id
