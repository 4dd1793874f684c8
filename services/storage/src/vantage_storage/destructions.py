"""The command that destroys accidental private capture at once, by decision of two persons."""

from typing import Any

from psycopg import Connection

from vantage.ids import derive
from vantage.objects import hold_key_id
from vantage.postgres import database_errors
from vantage_storage.adapters import orders
from vantage_storage.adapters.garbage import lock_erasure
from vantage_storage.adapters.orders import Copy
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Decision
from vantage_storage.domain.order import Order
from vantage_storage.domain.second_person import refuse_one_person
from vantage_storage.errors import Refused
from vantage_storage.parts import Parts

LONGEST_US = 7 * DAY_US
_CONFLICT = 409


def order_destruction(parts: Parts, decision: Decision, camera_id: str, from_us: int, to_us: int) -> dict[str, Any]:
    """Order it, and mark all that is there: nobody sees it from now on, and the erasure takes it within seconds.

    The answer of before where this decision ordered it already. Raises Refused and DatabaseUnavailable.
    """
    refuse_one_person(decision)
    _refuse_unfit(camera_id, from_us, to_us, parts.settings.cell_id)
    order = _order(decision, camera_id, from_us, to_us, parts.clock.now_us())
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        lock_erasure(connection)  # so that a hold is placed before this or after it
        if known := orders.find(connection, decision.decision_id):
            return _same(*known, order)
        _refuse_held(connection, order)
        recordings, copies = orders.mark(connection, order)
        answer = _answer(order, recordings, copies)
        orders.add(connection, order, answer)
        write(connection, _receipt(order, answer))
    return answer


def destroy_keys(parts: Parts, order: Order) -> None:
    """Destroy the keys of holds that hold nothing else: so what a lock still keeps can be read by nobody.

    Raises what psycopg and the keyring raise.
    """
    keyring = parts.store.keyring
    if keyring is None:
        return
    with parts.pool.connection() as connection:
        found = orders.holds_wholly_within(connection, order)
    for hold_id in found:
        keyring.destroy(hold_key_id(hold_id))
        with parts.pool.connection() as connection:
            now_us = parts.clock.now_us()
            orders.note_key_gone(connection, hold_id, now_us)
            detail = {"order": order.destruction_id}
            write(
                connection,
                Receipt(derive("rcp", "key", hold_id), now_us, "key.destroy", hold_key_id(hold_id), detail=detail),
            )


def _order(decision: Decision, camera_id: str, from_us: int, to_us: int, now_us: int) -> Order:
    return Order(
        derive("des", decision.decision_id),
        decision.decision_id,
        camera_id,
        from_us,
        to_us,
        decision.requester,
        decision.approver,
        decision.reason,
        now_us,
    )


def _refuse_unfit(camera_id: str, from_us: int, to_us: int, cell: str) -> None:
    if not camera_id.startswith(f"{cell}."):
        msg = f"{camera_id!r} is no camera of the cell {cell}: a camera's id is {cell}.<name>"
        raise Refused(code="not-our-camera", detail=msg)
    if not 0 < to_us - from_us <= LONGEST_US:
        msg = (
            f"the span from {from_us} to {to_us} is empty or longer than 7 days: name UTC microseconds in order, and "
            "order several destructions for more"
        )
        raise Refused(code="unfit-span", detail=msg)


def _refuse_held(connection: Connection, order: Order) -> None:
    if against := orders.holds_against(connection, order):
        msg = (
            f"{', '.join(against)} stands against this destruction: release it first, by the authority that placed it, "
            "or name a span that it does not hold"
        )
        raise Refused(code="held", detail=msg, status=_CONFLICT)


def _same(known: Order, answer: dict[str, Any], asked: Order) -> dict[str, Any]:
    if (known.camera_id, known.from_us, known.to_us, known.requester, known.approver, known.reason) != (
        asked.camera_id,
        asked.from_us,
        asked.to_us,
        asked.requester,
        asked.approver,
        asked.reason,
    ):
        msg = f"decision {known.decision_id} already ordered {known.destruction_id}, with other values: decide anew"
        raise Refused(code="decision-used", detail=msg, status=_CONFLICT)
    return answer


def _answer(order: Order, recordings: int, copies: list[Copy]) -> dict[str, Any]:
    locked = [one for one in copies if (one.locked_until_us or 0) > order.placed_us]
    return {
        "destruction_id": order.destruction_id,
        "recordings": recordings,
        "copies": len(copies) - len(locked),
        "locked": [
            {"hold_id": one.hold_id, "recording_id": one.recording_id, "locked_until_us": one.locked_until_us}
            for one in locked
        ],
    }


def _receipt(order: Order, answer: dict[str, Any]) -> Receipt:
    detail = {
        "order": order.destruction_id,
        "decision": order.decision_id,
        "requester": order.requester,
        "approver": order.approver,
        "from_us": str(order.from_us),
        "to_us": str(order.to_us),
        "recordings": str(answer["recordings"]),
        "copies": str(answer["copies"]),
        "locked": str(len(answer["locked"])),
    }
    record_id = derive("rcp", "destruction.order", order.destruction_id)
    return Receipt(record_id, order.placed_us, "destruction.order", order.camera_id, order.reason, detail)
