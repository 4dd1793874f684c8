"""What the audit log is told of keys. Each record has an id that a replay makes again; none holds a key or a token."""

from datetime import UTC, datetime

from vantage.contracts import AuditRecord
from vantage.ids import derive
from vantage_keys.domain.rights import Deed

UNKNOWN = "unknown"
"""The actor where no token is the one that was shown."""


def allowed(actor: str, deed: Deed, key_id: str, now_us: int) -> AuditRecord:
    """A yes. Making and destroying happen once in a key's life; a use is said once a day for each who uses it."""
    when = _day(now_us) if deed is Deed.USE else ""
    return _record("decision", "allow", actor, deed, key_id, now_us, when=when)


def denied(actor: str, deed: Deed, key_id: str, now_us: int, reason: str) -> AuditRecord:
    """A no; said once a day for each who asks."""
    return _record("decision", "deny", actor, deed, key_id, now_us, when=f"{_day(now_us)} {reason}", reason=reason)


def destroyed(actor: str, key_id: str, now_us: int) -> AuditRecord:
    """The receipt of a destruction, after it."""
    return _record("receipt", None, actor, Deed.DESTROY, key_id, now_us, reason="the key is overwritten and removed")


def _record(  # noqa: PLR0917
    kind: str,
    decision: str | None,
    actor: str,
    deed: Deed,
    key_id: str,
    now_us: int,
    *,
    when: str = "",
    reason: str = "",
) -> AuditRecord:
    return AuditRecord(
        record_id=derive("aud", "keys", kind, decision or "", actor, deed, key_id, when),
        at=now_us,
        actor=actor,
        kind="receipt" if kind == "receipt" else "decision",
        action=f"key.{deed}",
        resource=key_id,
        decision=None if decision is None else "allow" if decision == "allow" else "deny",
        reason=reason,
    )


def _day(now_us: int) -> str:
    return f"{datetime.fromtimestamp(now_us / 1_000_000, UTC):%Y%m%d}"
