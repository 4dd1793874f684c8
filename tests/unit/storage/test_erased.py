"""What a receipt says of what went."""

import hashlib
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.erased import Cause, Erased, accounts

DUE = Cause("retention.erase", "standard", 1)
ORDERED = Cause("destruction.erase", "standard", order="des_1")

things = st.builds(
    Erased,
    st.sampled_from(["footage", "tracks"]),
    st.sampled_from(["hk1.pier-1", "hk1.pier-2"]),
    st.integers(0, 3 * DAY_US),
    st.integers(3 * DAY_US, 4 * DAY_US),
    st.text(min_size=1, max_size=5),
    size=st.integers(0, 100),
)


@given(st.lists(st.tuples(st.sampled_from([DUE, ORDERED]), things)))
def test_the_accounts_of_what_went_add_up(gone: list[tuple[Cause, Erased]]) -> None:
    details = [one.detail() for one in accounts(gone)]
    assert sum(int(one["count"]) for one in details) == len(gone)
    assert sum(int(one["bytes"]) for one in details) == sum(one.size for _, one in gone)


@given(st.lists(things, min_size=1, max_size=8), st.randoms())
def test_the_digest_is_of_what_went_in_whatever_order(gone: list[Erased], random: Random) -> None:
    (first, *_), shuffled = accounts([(DUE, one) for one in gone]), list(gone)
    random.shuffle(shuffled)
    assert accounts([(DUE, one) for one in shuffled])[0].digest == first.digest


def test_one_account_is_of_one_kind_day_and_cause() -> None:
    def one(start_us: int, kind: str = "footage") -> Erased:
        return Erased(kind, "hk1.pier-1", start_us, start_us + 1, "rec_1")

    made = accounts([(DUE, one(0)), (DUE, one(DAY_US)), (ORDERED, one(0)), (DUE, one(0, "tracks"))])
    assert [(a.resource, a.cause) for a in made] == [
        ("footage/19700101", ORDERED),
        ("footage/19700101", DUE),
        ("footage/19700102", DUE),
        ("tracks/19700101", DUE),
    ]
    assert len({a.record_id(7) for a in made}) == len(made)


def test_whoever_has_the_ids_and_digests_can_make_the_digest_of_a_receipt() -> None:
    (account,) = accounts(
        [(DUE, Erased("footage", "hk1.pier-1", 5, 9, name, "ab" * 32)) for name in ("rec_2", "rec_1")]
    )
    lines = f"rec_1 {'ab' * 32}\nrec_2 {'ab' * 32}\n"
    assert account.detail()["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
