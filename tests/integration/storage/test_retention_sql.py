"""The database says of every recording what the domain says: when it falls due, and under which version."""

from collections.abc import Callable

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from vantage.contracts import Recording
from vantage.postgres import migrate
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.policy import STANDARD, Policy, PolicyHistory
from vantage_storage.service import MIGRATIONS, SCHEMA

from .conftest import Database

T0 = 1_790_000_000_000_000
CLASSES = ("standard", "brief", "named-by-nobody")
days = st.fixed_dictionaries({STANDARD: st.integers(1, 90)}, optional={"brief": st.integers(1, 90)})
moments = st.integers(T0, T0 + 90 * DAY_US)
ADD = "insert into storage.policies values (%s, %s, %s, %s, 'ana', 'bo', '')"


@st.composite
def histories(draw: st.DrawFn) -> list[Policy]:
    starts = [0, *sorted(draw(st.sets(moments, max_size=4)))]
    return [Policy(number, start, draw(days)) for number, start in enumerate(starts, 1)]


def test_the_functions_agree_on_random_histories(database: Database) -> None:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    with psycopg.connect(database.admin_dsn) as connection:

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(histories(), st.lists(st.tuples(st.sampled_from(CLASSES), moments), min_size=1, max_size=20))
        def agree(history: list[Policy], asked: list[tuple[str, int]]) -> None:
            connection.execute("truncate storage.policies")
            for one in history:
                as_json = Jsonb(dict(one.days))
                connection.execute(ADD, [one.version, one.in_force_us, as_json, f"dec-{one.version}"])
            of = PolicyHistory(history)
            for kind, end_us in asked:
                found = connection.execute("select * from storage.retention(%s, %s)", [kind, end_us]).fetchone()
                assert found == (of.governing(kind, end_us).version, of.due_us(kind, end_us))

        agree()


def test_a_reader_sees_when_recordings_fall_due_and_nothing_else(
    database: Database, make_recording: Callable[..., Recording]
) -> None:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("set role vantage_reader")
        assert connection.execute("select * from storage.retention_v1").fetchall() == []
        for table in ("policies", "receipts", "destructions", "leftovers"):
            refused = connection.execute("select has_table_privilege(%s, 'select')", [f"storage.{table}"]).fetchone()
            assert refused == (False,)
