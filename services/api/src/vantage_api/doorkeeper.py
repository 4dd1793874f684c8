"""Each decision, taken and recorded before anything follows from it."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vantage.clock import Clock
from vantage.contracts import AuditRecord
from vantage_api import metrics
from vantage_api.domain.access import Caller, Decision, Ground, Wish, decide
from vantage_api.errors import Forbidden, NotThere, Refusal
from vantage_api.ports import AuditLog

_REFUSALS: Mapping[Ground, type[Refusal]] = {"role": Forbidden, "case": Forbidden, "camera": NotThere}


@dataclass(frozen=True)
class Doorkeeper:
    """Lets in or turns away; either way the record is in the log before the answer."""

    audit: AuditLog
    clock: Clock

    async def admit(self, caller: Caller, wish: Wish, detail: Mapping[str, str] | None = None) -> None:
        """Return where the decision is yes. Raises Forbidden, NotThere where it is no, AuditUnavailable."""
        decision = decide(caller, wish)
        await self._record(caller, wish, decision, detail or {})
        if not decision.allowed:
            raise _REFUSALS[decision.ground](decision.reason)

    async def turn_away(self, caller: Caller, wish: Wish, reason: str) -> Forbidden:
        """Record a no that no role could make a yes; the refusal to raise. Raises AuditUnavailable."""
        await self._record(caller, wish, Decision(allowed=False, ground="owner", reason=reason), {})
        return Forbidden(reason)

    async def _record(self, caller: Caller, wish: Wish, decision: Decision, detail: Mapping[str, str]) -> None:
        answer: Literal["allow", "deny"] = "allow" if decision.allowed else "deny"
        record = AuditRecord(
            record_id=f"dec_{secrets.token_hex(16)}",
            at=self.clock.now_us(),
            actor=caller.subject,
            kind="decision",
            action=wish.action,
            resource=wish.resource,
            decision=answer,
            reason=decision.reason,
            purpose=wish.purpose,
            case=wish.case,
            detail={"roles": ",".join(sorted(caller.roles)), **detail},
        )
        await asyncio.wrap_future(self.audit.record(record))
        metrics.DECISIONS.labels(wish.action, answer).inc()
