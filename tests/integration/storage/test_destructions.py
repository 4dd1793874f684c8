"""Two persons destroy accidental private capture at once, and change the policy; nobody does so alone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from vantage.contracts import Recording, Track
from vantage.objects import S3ObjectStore
from vantage_storage.domain.day import DAY_US
from vantage_storage.reach import fewest_days
from vantage_storage.web.app import make_app

from .retention_tools import HOUR_US, OwnBuckets, Retained, hold, midnight, total

NOW = 1_790_000_000_000_000
MakeRecording = Callable[..., Recording]
TOKEN = "t" * 40
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def retained(environment: Mapping[str, str], object_store: S3ObjectStore) -> Iterator[Retained]:
    made = Retained(environment, OwnBuckets(object_store), NOW)
    made.store.ensure_bucket("footage")
    yield made
    made.close()


@pytest.fixture
def post(retained: Retained) -> Callable[[str, Mapping[str, Any]], Answer]:
    client = TestClient(make_app(retained.parts, SecretStr(TOKEN)))

    def ask(path: str, body: Mapping[str, Any]) -> Answer:
        answer = client.post(path, json=dict(body), headers={"Authorization": f"Bearer {TOKEN}"})
        return answer.status_code, answer.json()

    return ask


Post = Callable[[str, Mapping[str, Any]], Answer]


def order(retained: Retained, **fields: Any) -> dict[str, Any]:
    start = midnight(NOW, 0)
    return {
        "decision_id": "dec-1",
        "requester": "ana",
        "approver": "bo",
        "camera_id": retained.camera(),
        "from_us": start,
        "to_us": start + HOUR_US,
        "reason": "a bedroom window came into view",
        **fields,
    }


class TestDestruction:
    def test_nobody_sees_it_from_the_answer_on_and_the_erasure_takes_it(
        self, retained: Retained, post: Post, make_recording: MakeRecording, make_track: Callable[..., Track]
    ) -> None:
        start = midnight(NOW, 0)
        inside = [retained.record(make_recording, start + at) for at in (0, HOUR_US - 1)]
        outside = retained.record(make_recording, start + 2 * HOUR_US)
        other = retained.record(make_recording, start, "pier-2")
        retained.index(make_track(retained.camera(), start=start + 1, end=start + 2))
        status, answer = post("/v1/destructions", order(retained))
        assert (status, answer["recordings"], answer["locked"]) == (200, 2, [])
        seen = {one for (one,) in retained.rows("select recording_id from storage.recordings_v1")}
        assert seen == {outside.recording_id, other.recording_id}
        retained.round("erasure")
        assert sorted(retained.versions("footage")) == sorted([outside.object, other.object])
        assert retained.rows("select count(*) from storage.tracks") == [(0,)]
        erased = retained.receipts("destruction.erase")
        assert {one["resource"].partition("/")[0]: one["count"] for one in erased} == {"footage": "2", "tracks": "1"}
        assert {one["order"] for one in erased} == {answer["destruction_id"]}
        assert sum(one.size for one in inside) == total(
            [one for one in erased if "footage" in one["resource"]], "bytes"
        )

    def test_the_order_leaves_a_redaction_record(self, retained: Retained, post: Post) -> None:
        post("/v1/destructions", order(retained))
        (receipt,) = retained.receipts("destruction.order")
        assert (receipt["requester"], receipt["approver"], receipt["decision"]) == ("ana", "bo", "dec-1")
        assert receipt["resource"] == retained.camera()

    def test_what_comes_later_for_the_span_goes_as_well(
        self, retained: Retained, post: Post, make_recording: MakeRecording
    ) -> None:
        post("/v1/destructions", order(retained))
        retained.record(make_recording, midnight(NOW, 0) + 1)
        retained.round("erasure")
        assert retained.versions("footage") == []

    def test_it_stands_until_its_span_would_have_gone_by_itself(self, retained: Retained, post: Post) -> None:
        post("/v1/destructions", order(retained))
        retained.round("erasure")
        assert retained.rows("select done_us from storage.destructions") == [(None,)]
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        assert retained.rows("select done_us from storage.destructions") == [(retained.clock.now_us(),)]

    def test_the_same_decision_is_done_once_and_answered_alike(
        self, retained: Retained, post: Post, make_recording: MakeRecording
    ) -> None:
        retained.record(make_recording, midnight(NOW, 0))
        first = post("/v1/destructions", order(retained))
        retained.round("erasure")
        assert post("/v1/destructions", order(retained)) == first
        status, problem = post("/v1/destructions", order(retained, reason="another"))
        assert (status, problem["code"]) == (409, "decision-used")

    @pytest.mark.parametrize("kind", ["case", "court"])
    def test_against_a_case_or_a_court_it_is_refused_by_the_holds_name(
        self, retained: Retained, post: Post, make_recording: MakeRecording, kind: str
    ) -> None:
        made = retained.record(make_recording, midnight(NOW, 0))
        hold_id = hold(retained, kind, made)
        status, problem = post("/v1/destructions", order(retained))
        assert (status, problem["code"]) == (409, "held")
        assert hold_id in problem["detail"]
        retained.round("erasure")
        assert retained.versions("footage") == [made.object]

    def test_copies_for_an_access_request_go_as_far_as_their_locks_allow(
        self, retained: Retained, post: Post, make_recording: MakeRecording
    ) -> None:
        made = retained.record(make_recording, midnight(NOW, 0))
        hold_id = hold(retained, "access-request", made, copied=True)
        _, answer = post("/v1/destructions", order(retained))
        locked = {"hold_id": hold_id, "recording_id": made.recording_id, "locked_until_us": NOW + 7 * DAY_US}
        assert (answer["recordings"], answer["copies"], answer["locked"]) == (1, 0, [locked])
        assert retained.rows("select state from storage.evidence") == [("garbage",)]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"approver": "Ana "}, "second-person-needed"),
            ({"camera_id": "elsewhere.pier-1"}, "not-our-camera"),
            ({"to_us": midnight(NOW, 0)}, "unfit-span"),
            ({"to_us": midnight(NOW, -8)}, "unfit-span"),
            ({"decision_id": ""}, "unfit-values"),
            ({"purpose": "none"}, "unfit-values"),
        ],
    )
    def test_an_unfit_order_is_refused_and_nothing_goes(
        self, retained: Retained, post: Post, change: dict[str, Any], code: str
    ) -> None:
        status, problem = post("/v1/destructions", order(retained, **change))
        assert (status, problem["code"]) == (422, code)
        assert retained.receipts() == []


class TestPolicy:
    BODY: Mapping[str, Any] = {
        "decision_id": "dec-1",
        "requester": "ana",
        "approver": "bo",
        "days": {"standard": 31, "brief": 24},
        "reason": "the published period",
    }

    def test_a_new_version_is_in_force_at_once_and_leaves_a_receipt(self, retained: Retained, post: Post) -> None:
        status, made = post("/v1/policies", self.BODY)
        assert (status, made["version"], made["in_force_us"]) == (200, 2, NOW)
        (receipt,) = retained.receipts("policy.change")
        assert (receipt["days"], receipt["approver"]) == ("brief 24, standard 31", "bo")

    def test_every_version_can_be_read(self, retained: Retained, post: Post) -> None:
        _, made = post("/v1/policies", self.BODY)
        client = TestClient(make_app(retained.parts, SecretStr(TOKEN)))
        found = client.get("/v1/policies", headers={"Authorization": f"Bearer {TOKEN}"}).json()["policies"]
        assert [one["days"] for one in found] == [{"standard": 31}, made["days"]]

    def test_the_same_decision_makes_one_version(self, retained: Retained, post: Post) -> None:
        first = post("/v1/policies", self.BODY)
        retained.clock.advance(60)
        assert post("/v1/policies", self.BODY) == first
        status, problem = post("/v1/policies", {**self.BODY, "days": {"standard": 30}})
        assert (status, problem["code"]) == (409, "decision-used")

    def test_two_versions_never_come_into_force_at_the_same_moment(self, retained: Retained, post: Post) -> None:
        _, first = post("/v1/policies", self.BODY)
        _, second = post("/v1/policies", {**self.BODY, "decision_id": "dec-2"})
        assert second["in_force_us"] > first["in_force_us"]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"approver": "ana"}, "second-person-needed"),
            ({"days": {"brief": 24}}, "standard-missing"),
            ({"days": {"standard": fewest_days() - 1}}, "shorter-than-the-event-log"),
            ({"days": {"standard": 0}}, "unfit-values"),
            ({"decision_id": ""}, "unfit-values"),
        ],
    )
    def test_an_unfit_policy_is_refused(
        self, retained: Retained, post: Post, change: dict[str, Any], code: str
    ) -> None:
        status, problem = post("/v1/policies", {**self.BODY, **change})
        assert (status, problem["code"]) == (422, code)
        assert retained.rows("select max(version) from storage.policies") == [(1,)]

    def test_the_view_says_under_which_version_a_recording_falls_due(
        self, retained: Retained, post: Post, make_recording: MakeRecording
    ) -> None:
        made = retained.record(make_recording, midnight(NOW, 0), retention_class="brief")
        post("/v1/policies", self.BODY)
        found = retained.rows("select due_us, policy_version from storage.retention_v1")
        assert found == [(made.end + 24 * DAY_US, 2)]
