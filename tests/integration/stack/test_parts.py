"""The parts as services meet them: topics, keys that are asked for, roles that own their schema and nothing else."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from psycopg import sql

from vantage.errors import StoreRefused
from vantage.objects import S3ObjectStore
from vantage.topics import TOPICS
from vantage_stack.stack import Stack
from vantage_stack.store import S3Access


class TestKafka:
    def test_has_the_topics_with_equal_partitions(self, kafka_bootstrap: str) -> None:
        found = AdminClient({"bootstrap.servers": kafka_bootstrap}).list_topics(timeout=10).topics
        joined = [name for name, topic in TOPICS.items() if topic.partitions == "joined" and name != "dlq"]
        assert {len(found[name].partitions) for name in joined} == {4}
        assert len(found["alerts.v1"].partitions) == 1

    def test_makes_no_topic_by_itself(self, kafka_bootstrap: str) -> None:
        name = f"unwanted-{uuid4().hex}"
        admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
        assert admin.list_topics(name, timeout=10).topics[name].error is not None
        assert name not in admin.list_topics(timeout=10).topics


class TestObjectStore:
    def test_keeps_objects(self, object_store: S3ObjectStore) -> None:
        key = uuid4().hex
        object_store.ensure_bucket("stack-tests")
        object_store.put("stack-tests", key, b"bytes")
        assert object_store.get("stack-tests", key, 1, 3) == b"yte"

    def test_refuses_other_keys(self, s3: S3Access) -> None:
        for stranger in (replace(s3, access_key="x" * 20), replace(s3, secret_key="x" * 20)):
            with pytest.raises(StoreRefused):
                stranger.open().ensure_bucket("stack-tests")


class TestPostgres:
    @pytest.fixture
    def table(self, postgres_dsns: Mapping[str, str]) -> sql.Identifier:
        name = sql.Identifier("storage", f"table_{uuid4().hex}")
        with psycopg.connect(postgres_dsns["storage"]) as connection:
            connection.execute(sql.SQL("create table {} (n int)").format(name))
        return name

    def test_a_service_s_role_owns_its_schema_only(
        self, postgres_dsns: Mapping[str, str], table: sql.Identifier
    ) -> None:
        with (
            psycopg.connect(postgres_dsns["alerts"]) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(sql.SQL("select n from {}").format(table))

    def test_the_gateway_reads_what_is_granted_to_readers(
        self, postgres_dsns: Mapping[str, str], table: sql.Identifier
    ) -> None:
        with psycopg.connect(postgres_dsns["storage"]) as connection:
            connection.execute(sql.SQL("grant select on {} to vantage_reader").format(table))
        with psycopg.connect(postgres_dsns["api"]) as connection:
            assert connection.execute(sql.SQL("select n from {}").format(table)).fetchall() == []
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("insert into {} values (1)").format(table))

    def test_a_wrong_password_is_refused(self, postgres_dsn: str) -> None:
        wrong = postgres_dsn.replace("postgres:", "postgres:x", 1)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)

    def test_never_runs_as_root(self, stack: Stack, postgres_dsn: str) -> None:
        assert psycopg.connect(postgres_dsn).closed is False
        (server,) = stack.postgres.processes
        assert Path(f"/proc/{server.pid}").stat().st_uid == (os.geteuid() or 65534)


class TestEnvironment:
    def test_tells_a_service_where_the_parts_are(self, kafka_bootstrap: str, s3: S3Access, stack: Stack) -> None:
        settings = stack.environment()
        assert settings["VANTAGE_KAFKA_BOOTSTRAP"] == kafka_bootstrap
        assert settings["VANTAGE_S3_ENDPOINT"] == s3.endpoint
        assert settings["VANTAGE_S3_SECURE"] == "false"
