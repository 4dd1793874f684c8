"""Cameras stay where they are, together where that is fair, and never more than a slot takes."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.placement import Demand, Kind, Plan, Slot, place, shares, slack

KINDS: tuple[Kind, ...] = ("reader", "ffmpeg", "mask", "alone")
cameras = st.dictionaries(
    st.integers(0, 80).map("hk1.{}".format),
    st.builds(Demand, st.integers(0, 7), st.sampled_from(KINDS)),
    max_size=60,
)
slots = st.lists(
    st.builds(Slot, st.integers(0, 20).map("slot-{}".format), st.sampled_from(KINDS), st.integers(0, 20)),
    unique_by=lambda slot: slot.name,
    max_size=8,
)


def loads(plan: Plan) -> Counter[str]:
    return Counter(plan.placed.values())


@given(cameras, slots)
def test_each_camera_has_a_slot_of_its_kind_or_there_is_no_room_for_it(
    demands: dict[str, Demand], given_slots: list[Slot]
) -> None:
    plan = place(demands, {}, given_slots)
    by_name = {slot.name: slot for slot in given_slots}
    assert plan.placed.keys() | set(plan.refused) == demands.keys()
    assert not plan.placed.keys() & set(plan.refused)
    assert all(by_name[name].kind == demands[camera].kind for camera, name in plan.placed.items())
    load = loads(plan)
    assert all(load[slot.name] <= slot.capacity for slot in given_slots)
    for camera in plan.refused:
        of_kind = [slot for slot in given_slots if slot.kind == demands[camera].kind]
        assert all(load[slot.name] == slot.capacity for slot in of_kind)


@given(cameras, cameras, slots, st.data())
def test_a_camera_moves_only_when_its_slot_is_gone_or_its_kind_is_another(
    first: dict[str, Demand], second: dict[str, Demand], given_slots: list[Slot], data: st.DataObject
) -> None:
    before = place(first, {}, given_slots).placed
    left = data.draw(st.lists(st.sampled_from(given_slots), unique=True)) if given_slots else []
    demands = first | second
    after = place(demands, before, left).placed
    kinds = {slot.name: slot.kind for slot in left}
    for camera, name in before.items():
        if kinds.get(name) == demands[camera].kind:
            assert after[camera] == name


@given(st.integers(1, 300), st.integers(1, 8), st.integers(1, 16))
def test_slots_of_one_kind_are_filled_evenly(count: int, slot_count: int, partitions: int) -> None:
    demands = {f"hk1.{number}": Demand(number % partitions, "reader") for number in range(count)}
    plan = place(demands, {}, [Slot(f"reader-{number}", "reader", 1000) for number in range(slot_count)])
    load = [loads(plan)[f"reader-{number}"] for number in range(slot_count)]
    assert sum(load) == count
    assert max(load) - min(load) <= slack(count, slot_count) + 1


def test_a_partition_stays_together_while_that_is_fair() -> None:
    demands = {f"hk1.{number}": Demand(number // 8, "reader") for number in range(32)}
    plan = place(demands, {}, [Slot(f"reader-{number}", "reader", 100) for number in range(4)])
    homes = {
        partition: {plan.placed[camera] for camera, demand in demands.items() if demand.partition == partition}
        for partition in range(4)
    }
    assert all(len(found) == 1 for found in homes.values())
    assert len(set.union(*homes.values())) == 4


@given(st.integers(0, 10**12), st.dictionaries(st.text(min_size=1), st.integers(0, 1000), min_size=1))
def test_the_spool_is_shared_out_and_never_more_than_there_is(total: int, counts: dict[str, int]) -> None:
    found = shares(total, counts)
    assert found.keys() == counts.keys()
    assert sum(found.values()) <= total
    fullest = max(counts, key=lambda name: counts[name])
    assert found[fullest] == max(found.values())
