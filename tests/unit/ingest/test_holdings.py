"""Which cameras a replica reads: the group's word counts, and without it recording goes on."""

import msgspec
import pytest

from vantage.contracts import Camera
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage_ingest.domain.holdings import Holdings


def camera(name: str, revision: int = 1) -> Camera:
    return Camera(
        camera_id=f"hk1.{name}",
        cell_id="hk1",
        revision=revision,
        state="recording",
        name=name,
        source=Source(url="rtsp://camera/1"),
        place=Place(latitude=1, longitude=1),
        authority=Authority(reference="order", expires_at=2_000_000_000_000_000),
        changed_at=1,
    )


def names(holdings: Holdings) -> set[str]:
    return {want.camera.name for want in holdings.wanted().values()}


@pytest.fixture
def holdings() -> Holdings:
    """Partitions 0 and 1, read to their ends: a in 0, b in 1."""
    made = Holdings()
    made.assigned([0, 1], epoch=100)
    made.record(0, "hk1.a", camera("a"))
    made.record(1, "hk1.b", camera("b"))
    made.caught_up(0)
    made.caught_up(1)
    return made


def test_a_camera_has_the_partition_and_epoch_of_its_record(holdings: Holdings) -> None:
    want = holdings.wanted()["hk1.b"]
    assert (want.partition, want.epoch) == (1, 100)
    assert holdings.settled


def test_the_last_record_of_a_camera_counts_and_a_tombstone_removes_it(holdings: Holdings) -> None:
    holdings.record(0, "hk1.a", camera("a", revision=2))
    assert holdings.wanted()["hk1.a"].camera.revision == 2
    holdings.record(0, "hk1.a", None)
    assert names(holdings) == {"b"}


def test_revoked_partitions_are_let_go(holdings: Holdings) -> None:
    holdings.revoked([0], until=0.0)
    holdings.expire(0.0)
    assert names(holdings) == {"b"}


def test_what_is_handed_over_is_recorded_for_a_while_and_is_not_ours_to_speak_for(holdings: Holdings) -> None:
    holdings.revoked([0], until=8.0)
    holdings.expire(7.9)
    assert {name: want.live for name, want in holdings.wanted().items()} == {"hk1.a": False, "hk1.b": True}
    assert holdings.partitions().keys() == holdings.snapshot().keys() == {1}
    holdings.lost([0, 1])
    assert holdings.held == {1}
    holdings.expire(8.0)
    assert names(holdings) == {"b"}


def test_what_comes_back_while_it_is_handed_over_is_ours_again(holdings: Holdings) -> None:
    holdings.revoked([0], until=8.0)
    holdings.assigned([0], epoch=200)
    holdings.expire(9.0)
    assert names(holdings) == {"a", "b"}
    assert holdings.wanted()["hk1.a"].live


def test_lost_partitions_go_on_until_a_new_assignment_says_otherwise(holdings: Holdings) -> None:
    holdings.lost([0, 1])
    assert names(holdings) == {"a", "b"}
    assert holdings.held == {0, 1}
    holdings.assigned([1, 2], epoch=200)
    assert names(holdings) == {"b"}
    assert holdings.wanted()["hk1.b"].epoch == 200
    assert not holdings.held


def test_an_empty_assignment_lets_go_of_all_that_is_held(holdings: Holdings) -> None:
    holdings.lost([0, 1])
    holdings.assigned([], epoch=200)
    assert names(holdings) == set()


def test_a_partition_that_is_added_leaves_the_others_alone(holdings: Holdings) -> None:
    holdings.assigned([2], epoch=200)
    assert names(holdings) == {"a", "b"}
    assert holdings.wanted()["hk1.a"].epoch == 100


def test_a_reassigned_partition_records_on_while_it_is_read_and_forgets_what_it_no_longer_holds(
    holdings: Holdings,
) -> None:
    holdings.assigned([0], epoch=200)
    assert names(holdings) == {"a", "b"}
    assert not holdings.settled
    holdings.record(0, "hk1.c", camera("c"))
    holdings.caught_up(0)
    assert names(holdings) == {"b", "c"}


def test_what_was_remembered_is_held_until_the_group_speaks() -> None:
    holdings = Holdings()
    holdings.remember({0: [camera("a")], 1: [camera("b")]}, epoch=50)
    assert names(holdings) == {"a", "b"}
    holdings.assigned([1], epoch=60)
    assert names(holdings) == {"b"}


def test_what_is_remembered_never_overrides_the_groups_word(holdings: Holdings) -> None:
    changed = msgspec.structs.replace(camera("a"), state="paused")
    holdings.record(0, "hk1.a", changed)
    holdings.remember({0: [camera("a")]}, epoch=300)
    assert holdings.wanted()["hk1.a"].camera.state == "paused"
    assert not holdings.held


def test_the_snapshot_is_what_a_later_start_remembers(holdings: Holdings) -> None:
    later = Holdings()
    later.remember(holdings.snapshot(), epoch=400)
    assert names(later) == names(holdings)
