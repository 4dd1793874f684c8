"""No effect before the record: an answer waits until the log has the decision, yes or no."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from vantage_api.domain.access import Caller, Wish
from vantage_api.doorkeeper import Doorkeeper
from vantage_api.errors import AuditUnavailable, Forbidden, NotThere

if TYPE_CHECKING:
    from tests.unit.api.conftest import MemoryAudit
    from vantage.testing import ManualClock

ANN = Caller("ann", frozenset({"operator"}), 0)
LIVE = Wish("view.live", "hk1.pier-9", "crowd-management", "C-1")


@pytest.fixture
def doorkeeper(audit: MemoryAudit, clock: ManualClock) -> Doorkeeper:
    return Doorkeeper(audit, clock)


async def test_a_yes_waits_for_its_record(doorkeeper: Doorkeeper, audit: MemoryAudit) -> None:
    audit.slow = True
    entry = asyncio.create_task(doorkeeper.admit(ANN, LIVE))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not entry.done()
    audit.waiting[0].set_result(None)
    await entry


async def test_a_no_waits_for_its_record_as_well(doorkeeper: Doorkeeper, audit: MemoryAudit) -> None:
    audit.slow = True
    entry = asyncio.create_task(doorkeeper.admit(ANN, Wish("view.recorded", "hk1.pier-9", "audit")))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not entry.done()
    audit.waiting[0].set_result(None)
    with pytest.raises(Forbidden):
        await entry


async def test_what_cannot_be_recorded_is_not_allowed(doorkeeper: Doorkeeper, audit: MemoryAudit) -> None:
    audit.away = True
    with pytest.raises(AuditUnavailable):
        await doorkeeper.admit(ANN, LIVE)


async def test_a_record_says_who_what_why_and_when(
    doorkeeper: Doorkeeper, audit: MemoryAudit, clock: ManualClock
) -> None:
    await doorkeeper.admit(ANN, LIVE, {"view_id": "view_1"})
    (record,) = audit.records
    assert (record.actor, record.action, record.resource) == ("ann", "view.live", "hk1.pier-9")
    assert (record.decision, record.purpose, record.case) == ("allow", "crowd-management", "C-1")
    assert (record.at, record.kind) == (clock.now_us(), "decision")
    assert record.detail == {"roles": "operator", "view_id": "view_1"}


async def test_a_camera_that_is_not_there_is_recorded_and_said(doorkeeper: Doorkeeper, audit: MemoryAudit) -> None:
    with pytest.raises(NotThere):
        await doorkeeper.admit(ANN, Wish("view.live", "hk1.x", "audit", camera_known=False))
    assert [record.decision for record in audit.records] == ["deny"]


async def test_each_decision_has_an_id_of_its_own(doorkeeper: Doorkeeper, audit: MemoryAudit) -> None:
    await doorkeeper.admit(ANN, LIVE)
    await doorkeeper.admit(ANN, LIVE)
    assert len({record.record_id for record in audit.records}) == 2
