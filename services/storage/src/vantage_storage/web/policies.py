"""How long recordings are kept: read it, and change it by decision of two persons."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from vantage_storage.adapters.policies import DecidedPolicy
from vantage_storage.domain.hold import Decision
from vantage_storage.parts import Parts
from vantage_storage.policies import change_policy, read_policies
from vantage_storage.web.problem import responses

Person = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
ClassName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
Days = Annotated[int, Field(ge=1, le=3650)]


class PolicyCommand(BaseModel):
    """A new version: it replaces the days of every class, and is in force when the answer is there."""

    model_config = ConfigDict(extra="forbid")

    decision_id: Person = Field(description="The gateway's decision; the same id with the same body is done once.")
    requester: Person
    approver: Person
    days: dict[ClassName, Days] = Field(
        min_length=1, max_length=100, description="Days from the end of capture, by class; `standard` among them."
    )
    reason: Reason


class PolicyVersion(BaseModel):
    """One version of the policy."""

    version: int
    in_force_us: int = Field(description="UTC microseconds from which it is in force.")
    days: dict[str, int]
    decision_id: str
    requester: str
    approver: str
    reason: str


class Policies(BaseModel):
    """Every version, the first one first. To a recording applies the fewest days of the version in force at the end of
    its capture and of every later one.
    """

    policies: list[PolicyVersion]


def router(parts: Parts) -> APIRouter:
    """The routes of the policy."""
    routes = APIRouter(tags=["policies"])

    @routes.get("/v1/policies")
    def every_policy() -> Policies:
        """Every version of the policy."""
        return Policies(policies=[_shown(one) for one in read_policies(parts)])

    @routes.post("/v1/policies", responses=responses(401, 409, 422, 503))
    def new_policy(command: PolicyCommand) -> PolicyVersion:
        """Put a new version in force: shorter days apply at once to what is there, longer ones to what comes."""
        decision = Decision(command.decision_id, command.requester, command.approver, command.reason)
        return _shown(change_policy(parts, decision, command.days))

    return routes


def _shown(decided: DecidedPolicy) -> PolicyVersion:
    policy = decided.policy
    return PolicyVersion(
        version=policy.version,
        in_force_us=policy.in_force_us,
        days=dict(policy.days),
        decision_id=decided.decision_id,
        requester=decided.requester,
        approver=decided.approver,
        reason=decided.reason,
    )
