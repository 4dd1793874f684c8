"""The whole policy as a table: who may do what, for which purpose, with which case."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_api.domain.access import CASE_PURPOSES, GRANTS, PURPOSES, ROLES, Action, Caller, Wish, decide

YES = {
    "operator": {"cameras.list", "alerts.list", "alerts.stream", "view.live"},
    "investigator": {"cameras.list", "alerts.list", "alerts.stream", "view.live", "view.recorded"},
    "approver": {"cameras.list", "alerts.list"},
    "admin": {"cameras.list"},
    "auditor": {"cameras.list"},
    "planner": {"cameras.list"},
    "key-custodian": set(),
    "public-info": set(),
}
ACTIONS: tuple[Action, ...] = get_args(Action)


def caller(*roles: str) -> Caller:
    return Caller("somebody", frozenset(roles), 0)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_the_table_says(role: str, action: Action) -> None:
    decision = decide(caller(role), Wish(action, "hk1.pier-9", purpose="crime-prevention"))
    assert decision.allowed == (action in YES[role])
    assert decision.ground == ("granted" if decision.allowed else "role")


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_without_a_role_may_do_anything(action: Action) -> None:
    assert not decide(caller(), Wish(action, "hk1")).allowed


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("case", ["", "  ", "HCA 17/2026"])
def test_recorded_video_needs_a_case_where_the_purpose_is_one_of_a_case(purpose: str, case: str) -> None:
    decision = decide(caller("investigator"), Wish("view.recorded", "hk1.pier-9", purpose, case))
    assert decision.allowed == (purpose not in CASE_PURPOSES or bool(case.strip()))
    assert ("case" in decision.reason) != decision.allowed


@pytest.mark.parametrize("purpose", PURPOSES)
def test_live_video_needs_no_case(purpose: str) -> None:
    assert decide(caller("operator"), Wish("view.live", "hk1.pier-9", purpose)).allowed


def test_only_who_may_look_learns_that_a_camera_is_not_there() -> None:
    wish = Wish("view.live", "hk1.nowhere", "crime-prevention", camera_known=False)
    assert decide(caller("operator"), wish).ground == "camera"
    assert decide(caller("auditor"), wish).ground == "role"


@given(st.frozensets(st.sampled_from(sorted(ROLES))), st.sampled_from(ACTIONS))
def test_a_further_role_never_takes_a_right_away(roles: frozenset[str], action: Action) -> None:
    wish = Wish(action, "hk1.pier-9", "crime-prevention")
    if any(decide(caller(role), wish).allowed for role in roles):
        assert decide(caller(*roles), wish).allowed


def test_every_reason_fits_the_record() -> None:
    for action in GRANTS:
        for roles in (ROLES, frozenset[str]()):
            assert 0 < len(decide(caller(*roles), Wish(action, "x" * 64)).reason) <= 500
