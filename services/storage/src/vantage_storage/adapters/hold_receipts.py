"""The receipts of holds: placed, extended, released or expired, and gone."""

from psycopg import Connection

from vantage.ids import derive
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.hold import Decision, Hold

_TEXT = 500


def write_hold_receipt(
    connection: Connection,
    action: str,
    hold: Hold,
    at_us: int,
    reason: str,
    *,
    decision: Decision | None = None,
    **figures: str,
) -> None:
    """Write what was done to a hold, and by which decision of whom where it did not come about by itself."""
    detail = {
        "kind": hold.kind,
        "case": hold.case_ref,
        "cameras": str(len(hold.cameras)),
        "from_us": str(hold.from_us),
        "to_us": str(hold.to_us),
        "ends_us": str(hold.ends_us),
        **figures,
    }
    if decision is not None:
        detail |= {
            "decision": decision.decision_id,
            "requester": decision.requester,
            "approver": decision.approver,
        }
    record_id = derive("rcp", action, hold.hold_id, "" if decision is None else decision.decision_id)
    write(connection, Receipt(record_id, at_us, action, f"hold/{hold.hold_id}", reason[:_TEXT], detail))
