"""What the tests of storage share: a database of their own, messages, and storage as a process."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
import yaml
from msgspec.structs import replace
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vantage.contracts import Recording, Track
from vantage.ids import recording_id, track_id

TOPICS = Path(__file__).resolve().parents[3] / "schemas" / "topics"


class Database:
    """A database with the schema `storage`, owned by storage's role. A test's own: rows are never taken out."""

    def __init__(self, administrator: str, storage: str) -> None:
        self._administrator = administrator
        self.name = f"storage_{uuid4().hex[:12]}"
        self.dsn = make_conninfo(storage, dbname=self.name)
        self.admin_dsn = make_conninfo(administrator, dbname=self.name)
        self._role = str(conninfo_to_dict(storage)["user"])

    def make(self) -> None:
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(self.name)))
        with psycopg.connect(self.admin_dsn) as connection:
            connection.execute(sql.SQL("create schema storage authorization {}").format(sql.Identifier(self._role)))

    def drop(self) -> None:
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self.name)))

    def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.admin_dsn) as connection:
            return connection.execute(query.encode(), arguments).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.admin_dsn) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def database(postgres_dsn: str, postgres_dsns: Mapping[str, str]) -> Iterator[Database]:
    made = Database(postgres_dsn, postgres_dsns["storage"])
    made.make()
    yield made
    made.drop()


def _example(topic: str, kind: type[Any]) -> Any:
    source = yaml.safe_load((TOPICS / f"{topic}.yaml").read_text())
    return msgspec.convert(source["examples"][0]["value"], kind)


def recording(camera_id: str, *, start: int | None = None, **changes: Any) -> Recording:
    """The topic's own example, of another camera and time, under the id that these make."""
    example: Recording = _example("recordings.v1", Recording)
    later = 0 if start is None else start - example.start
    moved = replace(
        example,
        camera_id=camera_id,
        start=example.start + later,
        end=example.end + later,
        fragments=[replace(one, start=one.start + later) for one in example.fragments],
        **changes,
    )
    return replace(moved, recording_id=recording_id(camera_id, moved.start, moved.epoch))


def track(camera_id: str, **changes: Any) -> Track:
    """The topic's own example, of another camera, under the id that its fields make."""
    example: Track = replace(_example("tracks.v1", Track), camera_id=camera_id, **changes)
    version = f"{example.detector}@{example.version}"
    return replace(example, track_id=track_id(camera_id, version, example.start, example.number))


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return recording


@pytest.fixture
def make_track() -> Callable[..., Track]:
    return track


@pytest.fixture
def camera_id() -> str:
    """A camera of this test alone: the event log is shared."""
    return f"hk1.c-{uuid4().hex[:12]}"
