"""`audit.v1`: decisions on access, and receipts of what was done. The key is the actor."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import Message, Text


class AuditRecord(Message, frozen=True, kw_only=True):
    """One decision, yes or no, or one receipt. Written before the effect of what it allows."""

    record_id: str
    at: Annotated[int, Meta(ge=0, description="UTC microseconds of the decision.")]
    actor: Annotated[str, Meta(min_length=1, max_length=200, description="The token's subject, or a service's name.")]
    kind: Literal["decision", "receipt"]
    action: Text
    resource: Text
    decision: Literal["allow", "deny"] | None = None
    reason: Text = ""
    purpose: Text = ""
    case: Text = ""
    detail: dict[str, str] = {}
