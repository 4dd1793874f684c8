"""Holds: placed, extended and released by the gateway's decision, and shown with how far their copies are."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from vantage_storage import holds
from vantage_storage.adapters.hold_progress import Progress
from vantage_storage.domain.hold import Decision, Kind, Wish
from vantage_storage.parts import Parts
from vantage_storage.web.problem import responses

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(max_length=200, pattern=_PRINTABLE)]
Reason = Annotated[str, Field(max_length=500, pattern=_PRINTABLE)]
HoldId = Annotated[str, Path(pattern="^[a-z0-9_-]{1,100}$")]
After = Annotated[str, Query(pattern=r"^(\d{1,18}\.[a-z0-9_-]{1,100})?$", description="`next` of the page before.")]
Micros = Annotated[int, Field(ge=0, lt=2**63, description="UTC microseconds.")]
_COMMAND = responses(401, 404, 409, 422, 503)
_READ = responses(401, 404, 503)


class Command(BaseModel):
    """What every command says. What is left empty is refused with a code of its own."""

    model_config = ConfigDict(extra="forbid")

    decision_id: Name = Field("", description="The gateway's decision; the same id with the same body is done once.")
    requester: Name = ""
    approver: Name = Field("", description="A second person; an access request is held without one.")
    reason: Reason = ""

    @property
    def decision(self) -> Decision:
        """The decision behind the command."""
        return Decision(self.decision_id, self.requester, self.approver, self.reason)


class HoldCommand(Command):
    """What is to be held, for what, and until when."""

    kind: Kind
    case_ref: Name = Field("", description="The case, request or proceeding.")
    authority: Name = Field("", description="On what the hold stands: a warrant, an order, a request and its day.")
    cameras: list[Name] = []
    from_us: Micros
    to_us: Micros
    ends_us: Micros | None = Field(None, description="Left out for an access request: 54 days after its intake.")


class ExtendCommand(Command):
    """A later end."""

    ends_us: Micros


class HoldAnswer(BaseModel):
    """A hold."""

    hold_id: str
    kind: Kind
    case_ref: str
    authority: str
    cameras: list[str]
    from_us: int
    to_us: int
    ends_us: int
    requester: str
    approver: str
    placed_us: int
    ended_us: int | None
    end_reason: str
    gone_us: int | None
    state: Literal["standing", "ending", "gone"]


class PlacedHold(HoldAnswer):
    """A hold as it was placed."""

    covered: int = Field(description="Recordings that it covered then; those that come later are held as well.")
    too_late: int = Field(description="Recordings that were being erased already: the hold does not bring them back.")


class ReleasedHold(HoldAnswer):
    """A hold as it was released."""

    copies: int = Field(description="Copies that go: at once where no lock keeps them, else when it ends.")


class ShownHold(HoldAnswer):
    """A hold, and how far its copies are."""

    copies: Progress


class HoldPage(BaseModel):
    """Some holds, the first placed first; `next` is what to ask the next page after."""

    holds: list[HoldAnswer]
    next: str | None


def router(parts: Parts) -> APIRouter:
    """The routes of holds."""
    routes = APIRouter(prefix="/v1/holds", tags=["holds"])

    @routes.post("", status_code=201, responses=_COMMAND)
    def place(command: HoldCommand, response: Response) -> PlacedHold:
        """Place a hold. What it covers does not go before it is copied, and the copies not before it ends."""
        wish = Wish(
            command.kind,
            command.case_ref,
            command.authority,
            command.cameras,
            command.from_us,
            command.to_us,
            command.ends_us,
        )
        answer, is_new = holds.place(parts, command.decision, wish)
        response.status_code = 201 if is_new else 200
        return PlacedHold.model_validate(answer)

    @routes.get("", responses=_READ)
    def every_hold(
        *, after: After = "", limit: Annotated[int, Query(ge=1, le=500)] = 100, gone: bool = False
    ) -> HoldPage:
        """The holds that stand or of which something is left; with `gone` the others too."""
        found = holds.show_page(parts, _cursor(after), limit, gone=gone)
        last = f"{found[-1].placed_us}.{found[-1].hold_id}" if len(found) == limit else None
        return HoldPage(holds=[HoldAnswer.model_validate(holds.terms(one)) for one in found], next=last)

    @routes.get("/{hold_id}", responses=_READ)
    def one_hold(hold_id: HoldId) -> ShownHold:
        """A hold, and how far its copies are."""
        hold, progress = holds.show(parts, hold_id)
        return ShownHold(**holds.terms(hold), copies=progress)

    @routes.post("/{hold_id}/release", responses=_COMMAND)
    def release(hold_id: HoldId, command: Command) -> ReleasedHold:
        """End a hold before its time. What its copies' locks still keep goes when they end."""
        return ReleasedHold.model_validate(holds.release(parts, command.decision, hold_id)[0])

    @routes.post("/{hold_id}/extend", responses=_COMMAND)
    def extend(hold_id: HoldId, command: ExtendCommand) -> HoldAnswer:
        """Give a hold a later end."""
        return HoldAnswer.model_validate(holds.extend(parts, command.decision, hold_id, command.ends_us)[0])

    return routes


def _cursor(after: str) -> tuple[int, str]:
    placed, _, hold_id = after.partition(".")
    return (int(placed), hold_id) if placed else (-1, "")
