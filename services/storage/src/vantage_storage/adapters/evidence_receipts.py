"""The receipts of copies: which were stored or erased, and which could not be made."""

from collections.abc import Iterable

from psycopg import Connection

from vantage.ids import derive
from vantage_storage.adapters.evidence_book import BUCKET, Copy
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.erased import Cause, Erased, accounts

_TEXT = 500


def account_for_copies(connection: Connection, action: str, copies: Iterable[Copy], at_us: int) -> None:
    """Write a receipt for all copies of one hold and one day of capture of which this was done.

    Its `order` is the hold; its digest covers ids and SHA-256, as that of an erasure does.
    """
    for one in accounts((Cause(action, order=copy.hold_id), _thing(copy)) for copy in copies):
        write(connection, Receipt(one.record_id(at_us), at_us, action, one.resource, detail=one.detail()))


def write_refused(connection: Connection, copy: Copy, failure: str, at_us: int) -> None:
    """Write the receipt of a copy that could not be made, once for each reason."""
    record_id = derive("rcp", "evidence.refused", copy.hold_id, copy.recording_id, failure)
    detail = {"recording": copy.recording_id, "camera": copy.camera_id, "sha256": copy.sha256}
    resource = f"hold/{copy.hold_id}"
    write(connection, Receipt(record_id, at_us, "evidence.refused", resource, failure[:_TEXT], detail))


def _thing(copy: Copy) -> Erased:
    return Erased(BUCKET, copy.camera_id, copy.start_us, copy.end_us, copy.recording_id, copy.sha256, copy.size)
