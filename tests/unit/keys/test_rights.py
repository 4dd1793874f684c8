"""The table of rights, line by line: it is what an auditor reads."""

import pytest

from vantage.key_ids import day_end_us
from vantage_keys.domain.rights import CALLERS, Deed, destroyable_from_us

BUCKETS = ("footage", "live", "stills", "exports", "evidence")
MAY = {
    ("ingest", Deed.MAKE): {"footage", "live", "stills"},
    ("ingest", Deed.USE): {"footage", "live", "stills"},
    ("ingest", Deed.DESTROY): set(),
    ("detect", Deed.MAKE): set(),
    ("detect", Deed.USE): {"footage", "live"},
    ("detect", Deed.DESTROY): set(),
    ("api", Deed.MAKE): set(),
    ("api", Deed.USE): {"footage", "live", "stills", "evidence"},
    ("api", Deed.DESTROY): set(),
    ("storage", Deed.MAKE): set(BUCKETS),
    ("storage", Deed.USE): set(BUCKETS),
    ("storage", Deed.DESTROY): set(BUCKETS),
}


def an_id(bucket: str) -> str:
    return "evidence-hld_1" if bucket == "evidence" else f"{bucket}-20261124"


@pytest.mark.parametrize(("caller", "deed"), MAY)
def test_each_caller_may_what_the_table_says_and_nothing_else(caller: str, deed: Deed) -> None:
    assert {bucket for bucket in BUCKETS if CALLERS[caller].may(deed, an_id(bucket))} == MAY[caller, deed]


def test_the_callers_are_four_services_and_no_administrator() -> None:
    assert set(CALLERS) == {"ingest", "detect", "api", "storage"}


def test_only_recording_goes_on_without_the_audit_log() -> None:
    assert [name for name, caller in CALLERS.items() if caller.records_later] == ["ingest"]


def test_a_day_s_key_outlives_its_day_by_a_day_and_a_hold_s_may_go_at_once() -> None:
    assert destroyable_from_us("footage-20261124") == day_end_us("footage-20261125")
    assert destroyable_from_us("evidence-hld_1") == 0
