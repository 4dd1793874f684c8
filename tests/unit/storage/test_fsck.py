"""What the check compares, without any part: pairs by key, what is too young or too old, and the draw of a sample."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.disagreement import IN_FLIGHT, KINDS, Disagreement
from vantage_storage.domain.fsck import DayCheck, Listed, Row, Seen, Times, listed, pairs
from vantage_storage.domain.fsck_evidence import PATIENCE_US, CopyRow, HoldCheck
from vantage_storage.domain.policy import Policy, PolicyHistory
from vantage_storage.domain.sample import Drawn, Sample
from vantage_storage.fsck_findings import Findings, Scope

DAY = 20_000
NOW = (DAY + 2) * DAY_US
HOUR = 3_600_000_000
HISTORY = PolicyHistory([Policy(1, 0, {"standard": 31, "short": 1})])
ROW = Row("k", "rec", 10, "ab", DAY * DAY_US + 60_000_000, "standard", garbage=False, held=False)
SEEN = Seen("k", 10, NOW - 10 * HOUR, "", marker=False)

keys = st.sets(st.text("ab", min_size=1, max_size=3))


def check(now_us: int = NOW, otherwise: str = "standard") -> DayCheck:
    return DayCheck("hk1.a", DAY, otherwise, HISTORY, Times(now_us, HOUR))


def kinds(row: Row | None, *versions: Seen, now_us: int = NOW, otherwise: str = "standard") -> list[str]:
    there = Listed("k", versions) if versions else None
    return [one.kind for one in check(now_us, otherwise).judge(row, there)]


class TestPairs:
    @given(keys, keys)
    def test_each_key_comes_once_with_what_either_side_has(self, in_index: set[str], in_store: set[str]) -> None:
        rows = [replace(ROW, object=key) for key in sorted(in_index)]
        objects = listed(replace(SEEN, key=key) for key in sorted(in_store))
        found = [(row.object if row else "", there.key if there else "") for row, there in pairs(rows, objects)]
        wanted = sorted(in_index | in_store)
        assert found == [(key if key in in_index else "", key if key in in_store else "") for key in wanted]

    def test_no_more_than_a_pair_is_in_memory(self) -> None:
        read = 0

        def endless() -> object:
            nonlocal read
            while True:
                read += 1
                yield replace(SEEN, key=f"{read:09}")

        walk = pairs([], listed(endless()))  # type: ignore[arg-type]
        for _ in range(100):
            next(walk)
        assert read <= 103


class TestADay:
    def test_what_agrees_is_not_named(self) -> None:
        assert kinds(ROW, SEEN) == []

    def test_a_row_that_is_marked_may_or_may_not_have_its_object(self) -> None:
        marked = replace(ROW, garbage=True)
        assert kinds(marked) == kinds(marked, SEEN) == kinds(marked, replace(SEEN, size=1)) == []

    def test_an_object_is_in_flight_until_the_grace_is_over(self) -> None:
        assert kinds(None, replace(SEEN, modified_us=NOW - HOUR + 1)) == [IN_FLIGHT]
        assert kinds(None, replace(SEEN, modified_us=NOW - HOUR)) == ["object-without-row"]

    def test_an_object_without_a_row_falls_due_with_its_cameras_class(self) -> None:
        later = (DAY + 3) * DAY_US
        assert kinds(None, SEEN, now_us=later, otherwise="short") == ["object-without-row"]
        assert kinds(None, SEEN, now_us=later + 1, otherwise="short") == ["leftover-past-retention"]

    def test_a_row_is_past_its_date_a_day_after_it_fell_due(self) -> None:
        due = ROW.end_us + 31 * DAY_US
        assert kinds(ROW, SEEN, now_us=due + DAY_US) == []
        assert kinds(ROW, SEEN, now_us=due + DAY_US + 1) == ["past-retention"]
        assert kinds(replace(ROW, held=True), SEEN, now_us=due + DAY_US + 1) == []

    def test_the_mark_of_a_deletion_hides_what_it_deleted(self) -> None:
        mark = Seen("k", 0, SEEN.modified_us, "2", marker=True)
        assert kinds(ROW, replace(SEEN, version="1"), mark) == ["indexed-but-missing", *["extra-version"] * 2]
        assert kinds(None, replace(SEEN, version="1"), mark) == ["extra-version"] * 2

    def test_the_version_that_changed_last_is_what_a_reader_gets(self) -> None:
        older = replace(SEEN, version="1", size=9, modified_us=SEEN.modified_us - HOUR)
        assert kinds(ROW, older, replace(SEEN, version="2")) == ["extra-version"]
        assert kinds(replace(ROW, size=9), older, replace(SEEN, version="2")) == ["size-differs", "extra-version"]


COPY = CopyRow("k", "hk1.a", "rec", "stored", "v1", 10, "ab", NOW - 5 * HOUR, NOW + DAY_US, "")


def hold(*, standing: bool = True, extras: dict[tuple[str, str], int] | None = None) -> HoldCheck:
    return HoldCheck("hld_1", standing, NOW + 30 * DAY_US, extras or {}, Times(NOW, HOUR))


class TestACopy:
    V1 = replace(SEEN, version="v1")

    def of(self, row: CopyRow | None, *versions: Seen, check: HoldCheck | None = None) -> list[str]:
        there = Listed("k", versions) if versions else None
        return [one.kind for one in (check or hold()).judge(row, there)]

    def test_is_the_version_that_its_row_names(self) -> None:
        assert self.of(COPY, self.V1) == []
        assert self.of(COPY) == ["evidence-missing"]
        assert self.of(COPY, replace(self.V1, version="v2")) == ["evidence-missing", "extra-version"]
        assert self.of(COPY, replace(self.V1, size=9)) == ["size-differs"]

    def test_that_is_being_written_has_an_hour(self) -> None:
        young = replace(COPY, state="writing", version="", claimed_us=NOW - PATIENCE_US)
        assert self.of(young) == []
        assert self.of(young, self.V1) == [IN_FLIGHT]
        assert self.of(replace(young, claimed_us=NOW - PATIENCE_US - 1)) == ["evidence-writing-left"]
        assert self.of(replace(young, failure="it was exchanged")) == ["evidence-writing-left"]
        assert self.of(replace(young, failure="it was exchanged"), check=hold(standing=False)) == []

    def test_that_was_released_has_until_its_lock_ends_and_an_hour(self) -> None:
        released = replace(COPY, state="garbage")
        assert self.of(released, self.V1) == []
        gone = replace(released, locked_until_us=NOW - PATIENCE_US - 1)
        assert self.of(gone, self.V1) == ["evidence-garbage-left"]

    def test_has_further_versions_only_while_their_locks_keep_them(self) -> None:
        further = replace(self.V1, version="v0")
        known = hold(extras={("k", "v0"): NOW + DAY_US})
        assert self.of(COPY, self.V1, further, check=known) == []
        assert self.of(None, further, check=known) == []
        assert self.of(COPY, self.V1, further) == ["extra-version"]
        late = hold(extras={("k", "v0"): NOW - PATIENCE_US - 1})
        assert self.of(COPY, self.V1, further, check=late) == ["extra-version"]

    def test_is_locked_for_as_long_as_is_noted(self) -> None:
        assert not list(hold().lock(COPY, COPY.locked_until_us))
        assert [one.kind for one in hold().lock(COPY, COPY.locked_until_us - 1)] == ["evidence-lock-lapsed"]
        lapsed = replace(COPY, locked_until_us=NOW - 1)
        assert [one.kind for one in hold().lock(lapsed, NOW - 1)] == ["evidence-lock-lapsed"]
        assert not list(hold(standing=False).lock(lapsed, 0))


def drawn(number: int) -> Drawn:
    return Drawn("footage", f"{number:05}", "", "ab", "hk1.a", f"rec_{number}")


class TestASample:
    @given(st.permutations(range(30)))
    def test_is_the_same_in_whatever_order_it_is_offered(self, order: list[int]) -> None:
        def draw(numbers: list[int]) -> list[str]:
            sample = Sample.parse("5", "seed")
            for number in numbers:
                assert not sample.offer(drawn(number))
            return [one.key for one in sample.rest()]

        assert draw(order) == draw(list(range(30)))
        assert len(draw(order)) == 5

    def test_of_a_share_has_about_so_many(self) -> None:
        sample = Sample.parse("10%", "seed")
        assert 800 < sum(sample.offer(drawn(number)) for number in range(10_000)) < 1200
        assert not list(sample.rest())

    def test_of_another_seed_is_another(self) -> None:
        one, other = Sample.parse("10%", "a"), Sample.parse("10%", "b")
        assert [one.offer(drawn(n)) for n in range(500)] != [other.offer(drawn(n)) for n in range(500)]

    @pytest.mark.parametrize("share", ["100%", "0%", "0"])
    def test_may_be_all_or_nothing(self, share: str) -> None:
        sample = Sample.parse(share, "seed")
        assert {sample.offer(drawn(number)) for number in range(100)} == {share == "100%"}
        assert not list(sample.rest())

    @pytest.mark.parametrize("text", ["-1", "101%", "1.5", "some", "nan", "nan%", "inf", "1000001", ""])
    def test_that_makes_no_sense_is_refused_with_an_example(self, text: str) -> None:
        with pytest.raises(ValueError, match="1%"):
            Sample.parse(text, "seed")


class TestFindings:
    def test_what_is_in_flight_is_counted_and_not_told(self) -> None:
        told: list[Disagreement] = []
        findings = Findings(told.append)
        findings.found([Disagreement(IN_FLIGHT, "hk1.a", "k"), Disagreement("past-retention", "hk1.a", "rec")])
        assert [one.kind for one in told] == ["past-retention"]
        assert (findings.counts, findings.kinds) == ({"in_flight": 1}, {"past-retention": 1})
        assert findings.chores == ["erasure"]

    def test_every_kind_says_what_to_do(self) -> None:
        assert all(kind.remedy for kind in KINDS.values())

    def test_a_scope_is_whole_without_any_bound(self) -> None:
        assert Scope().whole
        assert not Scope(["hk1.a"]).whole
        assert not Scope(last_day=3).whole
        assert [Scope(first_day=2, last_day=3).has_day(day) for day in (1, 2, 3, 4)] == [False, True, True, False]
