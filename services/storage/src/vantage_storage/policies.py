"""The command that changes how long recordings are kept: a new version, by decision of two persons."""

from collections.abc import Mapping

from vantage.ids import derive
from vantage.postgres import database_errors
from vantage_storage.adapters import policies
from vantage_storage.adapters.policies import DecidedPolicy
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.hold import Decision
from vantage_storage.domain.policy import STANDARD, Policy
from vantage_storage.domain.second_person import refuse_one_person
from vantage_storage.errors import Refused
from vantage_storage.parts import Parts
from vantage_storage.reach import fewest_days

_CONFLICT = 409


def read_policies(parts: Parts) -> list[DecidedPolicy]:
    """Every version, the first one first. Raises DatabaseUnavailable."""
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        return policies.read_decided(connection)


def change_policy(parts: Parts, decision: Decision, days: Mapping[str, int]) -> DecidedPolicy:
    """Put a new version in force now; the version that this decision made, if it did so before.

    Raises Refused for a policy that cannot be kept, and DatabaseUnavailable.
    """
    refuse_one_person(decision)
    _refuse_unfit(days)
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        policies.lock_policies(connection)
        known = policies.read_decided(connection)
        for one in known:
            if one.decision_id == decision.decision_id:
                return _same(one, decision, days)
        newest = known[-1].policy
        # later than every other: two versions are never in force from the same moment
        in_force_us = max(parts.clock.now_us(), newest.in_force_us + 1)
        policy = Policy(newest.version + 1, in_force_us, dict(days))
        made = DecidedPolicy(policy, decision.decision_id, decision.requester, decision.approver, decision.reason)
        policies.add_policy(connection, made)
        write(connection, _receipt(made))
        return made


def _refuse_unfit(days: Mapping[str, int]) -> None:
    if STANDARD not in days:
        msg = f"the policy names no days for {STANDARD}, the class of everything that it does not name: add them"
        raise Refused(code="standard-missing", detail=msg)
    least = fewest_days()
    if short := {name: kept for name, kept in sorted(days.items()) if kept < least}:
        msg = (
            f"{short} is fewer than {least} days: so far back may the event log reach, dead letters included. Name "
            f"{least} or more, or shorten the topics of the release first"
        )
        raise Refused(code="shorter-than-the-event-log", detail=msg)


def _same(made: DecidedPolicy, decision: Decision, days: Mapping[str, int]) -> DecidedPolicy:
    asked = DecidedPolicy(
        Policy(made.policy.version, made.policy.in_force_us, dict(days)),
        decision.decision_id,
        decision.requester,
        decision.approver,
        decision.reason,
    )
    if asked != made:
        msg = (
            f"decision {decision.decision_id} already made version {made.policy.version} of the policy with other "
            "values: send those again, or decide anew"
        )
        raise Refused(code="decision-used", detail=msg, status=_CONFLICT)
    return made


def _receipt(made: DecidedPolicy) -> Receipt:
    detail = {
        "version": str(made.policy.version),
        "days": ", ".join(f"{name} {kept}" for name, kept in sorted(made.policy.days.items()))[:500],
        "decision": made.decision_id,
        "requester": made.requester,
        "approver": made.approver,
    }
    return Receipt(
        record_id=derive("rcp", "policy", made.policy.version),
        at_us=made.policy.in_force_us,
        action="policy.change",
        resource="policy",
        reason=made.reason,
        detail=detail,
    )
