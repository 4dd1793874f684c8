"""Destroying accidental private capture at once, by decision of two persons."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from vantage_storage.destructions import order_destruction
from vantage_storage.domain.hold import Decision
from vantage_storage.parts import Parts
from vantage_storage.web.policies import Person, Reason
from vantage_storage.web.problem import responses

CameraId = Annotated[str, Field(min_length=3, max_length=64)]
Micros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]


class DestructionCommand(BaseModel):
    """What one camera recorded in a span: each recording that lies in it for a part goes whole, its tracks as well."""

    model_config = ConfigDict(extra="forbid")

    decision_id: Person = Field(description="The gateway's decision; the same id with the same body is done once.")
    requester: Person
    approver: Person
    camera_id: CameraId
    from_us: Micros = Field(description="UTC microseconds of capture.")
    to_us: Micros
    reason: Reason


class LockedCopy(BaseModel):
    """A copy that was made for a hold and cannot be deleted yet."""

    hold_id: str
    recording_id: str
    locked_until_us: int


class Destruction(BaseModel):
    """What is destroyed: seen by nobody from now on, and erased within seconds. What still comes for the span goes too.

    Each copy in `locked` goes when its lock ends, and can be read by nobody before that where its hold held nothing
    else and the cell keeps keys.
    """

    destruction_id: str
    recordings: int
    copies: int
    locked: list[LockedCopy]


def router(parts: Parts) -> APIRouter:
    """The routes of destructions."""
    routes = APIRouter(tags=["destructions"])

    @routes.post("/v1/destructions", responses=responses(401, 409, 422, 503))
    def destroy(command: DestructionCommand) -> Destruction:
        """Destroy what one camera recorded in a span, unless a case or a court holds any of it."""
        decision = Decision(command.decision_id, command.requester, command.approver, command.reason)
        made = order_destruction(parts, decision, command.camera_id, command.from_us, command.to_us)
        return Destruction.model_validate(made)

    return routes
