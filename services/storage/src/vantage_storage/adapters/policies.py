"""The versions of the policy in PostgreSQL."""

from dataclasses import dataclass

import msgspec
from psycopg import Connection

from vantage_storage.domain.policy import Policy, PolicyHistory

_LOCK = "select pg_advisory_xact_lock(hashtextextended('vantage.storage.policies', 0))"
_READ = """
    select version, in_force_us, days, decision_id, requester, approver, reason from storage.policies order by version
"""
_ADD = """
    insert into storage.policies (version, in_force_us, days, decision_id, requester, approver, reason)
    values (%s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class DecidedPolicy:
    """A version, and by which decision of which two persons it came."""

    policy: Policy
    decision_id: str
    requester: str
    approver: str
    reason: str


def lock_policies(connection: Connection) -> None:
    """Let nobody else add a version before this transaction ends."""
    connection.execute(_LOCK)


def read_decided(connection: Connection) -> list[DecidedPolicy]:
    """Every version, the first one first."""
    rows = connection.execute(_READ).fetchall()
    return [DecidedPolicy(Policy(*row[:3]), *row[3:]) for row in rows]


def read_history(connection: Connection) -> PolicyHistory:
    """Every version, as far as it says when something falls due."""
    return PolicyHistory([one.policy for one in read_decided(connection)])


def add_policy(connection: Connection, decided: DecidedPolicy) -> None:
    """Write a version."""
    policy = decided.policy
    days = msgspec.json.encode(policy.days).decode()
    by = [decided.decision_id, decided.requester, decided.approver, decided.reason]
    connection.execute(_ADD, [policy.version, policy.in_force_us, days, *by])
