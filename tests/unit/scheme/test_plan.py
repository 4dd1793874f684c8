"""The plan: publish what differs, never more; record only under papers that hold; retire what left, never guess."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts import Camera
from vantage_scheme.domain.camera_entry import (
    AuthorityEntry,
    CameraEntry,
    PapersEntry,
    PlaceEntry,
    SourceEntry,
    ZoneEntry,
)
from vantage_scheme.domain.plan import Entries, plan_cameras, plan_rules, zones_of
from vantage_scheme.domain.rule_entry import CrowdCountEntry, RuleEntry

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000


def papers(**changes: Any) -> PapersEntry:
    authority = AuthorityEntry.model_construct(reference="SIP-1", expires_at=NOW + DAY)
    whole: dict[str, Any] = {"authority": authority, "notice_posted": True, "privacy_assessment": "PIA-1"}
    return PapersEntry.model_construct(**{**whole, **changes})


def entry(camera: str = "one", **changes: Any) -> CameraEntry:
    fields: dict[str, Any] = {
        "id": camera,
        "name": camera,
        "source": SourceEntry(url=f"rtsp://127.0.0.1:8554/{camera}"),
        "place": PlaceEntry(latitude=22.1, longitude=113.5),
        "papers": papers(),
    }
    return CameraEntry.model_construct(**{**fields, **changes})


def publish(published: dict[str, Camera], changes: Sequence[Camera]) -> dict[str, Camera]:
    return {**published, **{camera.camera_id: camera for camera in changes}}


def first(*entries: CameraEntry, now: int = NOW) -> dict[str, Camera]:
    return publish({}, plan_cameras("hk1", Entries(entries), {}, now).changes)


class TestPapers:
    def test_a_camera_with_all_papers_records(self) -> None:
        assert first(entry())["hk1.one"].state == "recording"

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"authority": None}, "no authority"),
            (
                {"authority": AuthorityEntry.model_construct(reference="SIP-1", expires_at=NOW)},
                "SIP-1 expired at 2026-09-21",
            ),
            ({"notice_posted": None}, "no notice posted"),
            ({"notice_posted": False}, "no notice posted"),
            ({"notice_posted": date(2026, 9, 30)}, "notice is to be posted on 2026-09-30"),
            ({"privacy_assessment": None}, "no privacy assessment"),
            ({"privacy_assessment": ""}, "no privacy assessment"),
        ],
    )
    def test_a_camera_that_lacks_one_is_paused_and_says_which(self, changes: dict[str, object], says: str) -> None:
        plan = plan_cameras("hk1", Entries((entry(papers=papers(**changes)),)), {}, NOW)
        assert plan.changes[0].state == "paused"
        assert len(plan.paused["hk1.one"]) == 1
        assert says in plan.paused["hk1.one"][0]

    def test_a_camera_that_is_wanted_paused_is(self) -> None:
        assert first(entry(wanted="paused"))["hk1.one"].state == "paused"

    def test_an_authority_that_ends_pauses_at_that_moment_and_not_before(self) -> None:
        published = first(entry())
        plan = plan_cameras("hk1", Entries((entry(),)), published, NOW)
        assert plan.due_us == NOW + DAY
        assert plan_cameras("hk1", Entries((entry(),)), published, plan.due_us - 1).changes == ()
        ended = plan_cameras("hk1", Entries((entry(),)), published, plan.due_us)
        assert [(camera.state, camera.revision) for camera in ended.changes] == [("paused", 2)]
        assert ended.due_us is None

    def test_a_notice_to_come_starts_the_camera_on_its_day(self) -> None:
        waiting = entry(papers=papers(notice_posted=date(2026, 9, 22)))
        plan = plan_cameras("hk1", Entries((waiting,)), {}, NOW)
        assert plan.due_us == int(datetime(2026, 9, 22, tzinfo=UTC).timestamp()) * 1_000_000
        later = plan_cameras("hk1", Entries((waiting,)), publish({}, plan.changes), plan.due_us)
        assert [camera.state for camera in later.changes] == ["recording"]


class TestOnlyWhatDiffers:
    def test_the_same_file_again_publishes_nothing(self) -> None:
        assert (
            plan_cameras("hk1", Entries((entry(), entry("two"))), first(entry(), entry("two")), NOW + 1).changes == ()
        )

    def test_a_change_raises_the_revision_by_one_and_dates_it(self) -> None:
        changed = entry(zones=[ZoneEntry(id="gate", polygon=[[0, 0], [1, 0], [1, 1]])])
        plan = plan_cameras("hk1", Entries((changed, entry("two"))), first(entry(), entry("two")), NOW + 5)
        assert [(one.camera_id, one.revision, one.changed_at) for one in plan.changes] == [("hk1.one", 2, NOW + 5)]

    @given(
        st.lists(st.sampled_from(["a", "b", "c"]).flatmap(lambda n: st.tuples(st.just(n), st.booleans())), max_size=12)
    )
    def test_revisions_never_stand_still_or_jump(self, edits: list[tuple[str, bool]]) -> None:
        published: dict[str, Camera] = {}
        present: dict[str, CameraEntry] = {}
        for step, (name, stays) in enumerate(edits):
            present[name] = entry(name, name=f"{name} {step}")
            if not stays:
                del present[name]
            plan = plan_cameras("hk1", Entries(tuple(present.values())), published, NOW + step)
            for camera in plan.changes:
                before = published.get(camera.camera_id)
                assert camera.revision == (before.revision + 1 if before else 1)
            published = publish(published, plan.changes)
            alive = {key for key, camera in published.items() if camera.state != "retired"}
            assert alive == {f"hk1.{name}" for name in present}
            assert plan_cameras("hk1", Entries(tuple(present.values())), published, NOW + step).changes == ()


class TestLeaving:
    def test_a_camera_that_left_the_file_is_retired_once(self) -> None:
        published = first(entry(), entry("two"))
        plan = plan_cameras("hk1", Entries((entry(),)), published, NOW)
        assert [(one.camera_id, one.state, one.revision) for one in plan.changes] == [("hk1.two", "retired", 2)]
        assert plan_cameras("hk1", Entries((entry(),)), publish(published, plan.changes), NOW).changes == ()

    def test_a_camera_that_came_back_goes_on_with_its_numbers(self) -> None:
        published = publish(first(entry()), plan_cameras("hk1", Entries(), first(entry()), NOW).changes)
        back = plan_cameras("hk1", Entries((entry(),)), published, NOW).changes
        assert [(one.state, one.revision) for one in back] == [("recording", 3)]

    def test_a_camera_with_a_fault_keeps_its_state(self) -> None:
        assert plan_cameras("hk1", Entries((), frozenset({"one"})), first(entry()), NOW).changes == ()

    def test_a_camera_with_a_fault_is_paused_when_its_authority_ends(self) -> None:
        plan = plan_cameras("hk1", Entries((), frozenset({"one"})), first(entry()), NOW)
        assert plan.due_us == NOW + DAY
        ended = plan_cameras("hk1", Entries((), frozenset({"one"})), first(entry()), NOW + DAY)
        assert [camera.state for camera in ended.changes] == ["paused"]
        assert "SIP-1 expired" in ended.paused["hk1.one"][0]

    def test_nothing_is_retired_while_an_id_cannot_be_read(self) -> None:
        assert plan_cameras("hk1", Entries((), unreadable_ids=True), first(entry()), NOW).changes == ()

    def test_another_cells_camera_is_left_alone(self) -> None:
        assert plan_cameras("mo1", Entries(), first(entry()), NOW).changes == ()


class TestRules:
    WHEN = CrowdCountEntry(type="crowd-count", threshold=3, labels=["person"])
    RULE = RuleEntry(id="crowd", name="Crowd", cameras=["*"], when=WHEN)

    def test_a_rule_is_published_once_and_disabled_when_it_leaves(self) -> None:
        new = plan_rules("hk1", Entries((self.RULE,)), {}, NOW)
        published = {rule.rule_id: rule for rule in new}
        assert plan_rules("hk1", Entries((self.RULE,)), published, NOW + 1) == ()
        gone = plan_rules("hk1", Entries(), published, NOW + 1)
        assert [(rule.enabled, rule.version) for rule in gone] == [(False, 2)]

    def test_a_rule_with_a_fault_keeps_its_state(self) -> None:
        published = {rule.rule_id: rule for rule in plan_rules("hk1", Entries((self.RULE,)), {}, NOW)}
        assert plan_rules("hk1", Entries((), frozenset({"crowd"})), published, NOW) == ()
        assert plan_rules("hk1", Entries((), unreadable_ids=True), published, NOW) == ()

    def test_a_retired_camera_has_no_zones_to_name(self) -> None:
        published = first(entry())
        retired = publish(published, plan_cameras("hk1", Entries(), published, NOW).changes)
        assert zones_of(published) == {"hk1.one": frozenset()}
        assert zones_of(retired) == {}
