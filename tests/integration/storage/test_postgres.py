"""Migrations: applied once, whole, and only where code and schema are one history."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from vantage.postgres import (
    DatabaseUnavailable,
    SchemaMismatch,
    check_schema,
    connect_pool,
    database_errors,
    migrate,
    place_of,
    read_migrations,
)

Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Make a package of migrations; each call makes another release of it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**files: str) -> str:
        name = f"migrations_{uuid4().hex}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        for file, statements in files.items():
            (tmp_path / name / f"{file.removeprefix('m')}.sql").write_text(statements)
        return name

    return make


@pytest.fixture
def schema(postgres_dsn: str) -> Iterator[str]:
    name = f"migrate_{uuid4().hex[:8]}"
    yield name
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(f"drop schema if exists {name} cascade".encode())


def tables(dsn: str, schema: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = %s", [schema]).fetchall()
    return {row[0] for row in rows}


class TestApplying:
    def test_applies_in_order_and_once(self, postgres_dsn: str, schema: str, package: Package) -> None:
        release = package(m0001_first="create table one (n int)", m0002_second="alter table one add column m int")
        assert migrate(postgres_dsn, schema, release) == ["first", "second"]
        assert migrate(postgres_dsn, schema, release) == []
        check_schema(postgres_dsn, schema, release)

    def test_a_later_release_applies_only_what_is_new(self, postgres_dsn: str, schema: str, package: Package) -> None:
        first = "create table one (n int)"
        migrate(postgres_dsn, schema, package(m0001_first=first))
        later = package(m0001_first=first, m0002_second="create table two (n int)")
        with pytest.raises(SchemaMismatch, match=r"lacks migration 0002 \(second\)"):
            check_schema(postgres_dsn, schema, later)
        assert migrate(postgres_dsn, schema, later) == ["second"]

    def test_a_failing_migration_leaves_nothing_behind(self, postgres_dsn: str, schema: str, package: Package) -> None:
        release = package(m0001_first="create table one (n int)", m0002_bad="alter table nowhere add column n int")
        with pytest.raises(SchemaMismatch, match=r"0002 \(bad\) failed"):
            migrate(postgres_dsn, schema, release)
        assert tables(postgres_dsn, schema) == set()

    def test_replicas_that_start_together_apply_once(self, postgres_dsn: str, schema: str, package: Package) -> None:
        release = package(m0001_first="create table one (n int); select pg_sleep(0.2)")
        results: list[list[str]] = []
        work = [
            threading.Thread(target=lambda: results.append(migrate(postgres_dsn, schema, release))) for _ in range(4)
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        assert sorted(results) == [[], [], [], ["first"]]


class TestOneHistory:
    def test_refuses_an_edited_migration(self, postgres_dsn: str, schema: str, package: Package) -> None:
        migrate(postgres_dsn, schema, package(m0001_first="create table one (n int)"))
        with pytest.raises(SchemaMismatch, match="never edited"):
            migrate(postgres_dsn, schema, package(m0001_first="create table one (n bigint)"))

    def test_refuses_to_run_older_code(self, postgres_dsn: str, schema: str, package: Package) -> None:
        first = "create table one (n int)"
        migrate(postgres_dsn, schema, package(m0001_first=first, m0002_second="create table two (n int)"))
        with pytest.raises(SchemaMismatch, match="newer release"):
            migrate(postgres_dsn, schema, package(m0001_first=first))

    def test_refuses_a_gap_in_the_numbers(self, package: Package) -> None:
        with pytest.raises(SchemaMismatch, match="numbered 0001, 0002"):
            read_migrations(package(m0001_first="select 1", m0003_third="select 1"))


class TestDatabaseAway:
    NOWHERE = "postgresql://somebody:hush@127.0.0.1:1/vantage"

    def test_says_where_and_never_the_password(self, package: Package) -> None:
        with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/vantage") as caught:
            migrate(self.NOWHERE, "storage", package(m0001_first="select 1"))
        assert "hush" not in str(caught.value)
        assert place_of(self.NOWHERE) == "127.0.0.1:1/vantage"

    def test_a_pool_opens_without_it_and_says_so_at_first_use(self) -> None:
        pool = connect_pool(self.NOWHERE, application="test", timeout_s=0.2)
        with (
            pytest.raises(DatabaseUnavailable, match="Connection refused"),
            database_errors(self.NOWHERE),
            pool.connection(),
        ):
            pass
        pool.close()

    def test_a_cut_connection_is_one_error_then_works(self, postgres_dsn: str) -> None:
        pool = connect_pool(postgres_dsn, application=f"cut-{uuid4().hex[:6]}")
        with pytest.raises(DatabaseUnavailable), database_errors(postgres_dsn), pool.connection() as connection:
            connection.execute("select pg_terminate_backend(pg_backend_pid())")
        with database_errors(postgres_dsn), pool.connection() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        pool.close()
