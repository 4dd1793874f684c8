"""The commands on a running storage: a hold from its placing to its end, and what happens while a part is away."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from vantage.objects import S3ObjectStore
from vantage_stack.store import S3Access

from .conftest import Database, StorageProcess
from .hold_tools import PATIENCE_S, Held, MakeRecording

SECOND_US = 1_000_000


@pytest.fixture
def held(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: MakeRecording) -> Iterator[Held]:
    made = Held(environment, object_store, make_recording, own_buckets=False)
    yield made
    made.close()


@pytest.fixture
def running(held: Held, environment: dict[str, str], s3: S3Access, tmp_path: Path) -> Iterator[StorageProcess]:
    mine = {"VANTAGE_CELL_ID": held.cell, "VANTAGE_REPLICA": "tests-commands"}
    made = StorageProcess({**environment, **s3.environment(), **mine}, tmp_path)
    yield made
    made.stop()


def until(condition: Callable[[], bool], process: StorageProcess) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.process.running, process.log
        assert time.monotonic() < deadline, process.log
        time.sleep(0.1)


def client_of(process: StorageProcess, environment: Mapping[str, str]) -> httpx.Client:
    """A client of the port that the log names."""
    until(lambda: "commands' port listens" in process.log, process)
    ports = [json.loads(line)["port"] for line in process.log.splitlines() if "commands' port listens" in line]
    token = environment["VANTAGE_STORAGE_API_TOKEN"]
    return httpx.Client(
        base_url=f"http://127.0.0.1:{ports[-1]}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


def test_a_hold_is_copied_survives_a_kill_and_ends_by_itself(
    held: Held, running: StorageProcess, environment: dict[str, str]
) -> None:
    original = held.film(content=b"what happened on the pier")
    running.start()
    with client_of(running, environment) as client:
        wish = held.wish(ends_us=time.time_ns() // 1000 + 30 * SECOND_US)
        of = client.post("/v1/holds", json=wish).raise_for_status().json()["hold_id"]
        until(lambda: bool(client.get(f"/v1/holds/{of}").json()["copies"]["stored"] == 1), running)
        (copy,) = held.copies(of)
        assert held.store.get("evidence", copy.key) == held.store.get("footage", original.object)
    running.process.kill9()
    running.start()
    with client_of(running, environment) as client:
        again = client.post("/v1/holds", json=wish)
        assert (again.status_code, again.json()["hold_id"]) == (200, of)
        until(lambda: bool(client.get(f"/v1/holds/{of}").json()["state"] == "gone"), running)
    assert held.copies(of) == []


def test_while_the_database_is_away_nothing_is_done_and_the_caller_is_told_when_to_ask_again(
    held: Held, running: StorageProcess, environment: dict[str, str], database: Database
) -> None:
    running.start()
    with client_of(running, environment) as client:
        wish = held.wish()
        database.lock()
        refused = client.post("/v1/holds", json=wish)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"]
        database.unlock()
        until(lambda: client.post("/v1/holds", json=wish).status_code in {200, 201}, running)
    assert len(held.rows("select from storage.holds")) == 1


def test_a_port_that_is_taken_ends_the_start_with_one_line(running: StorageProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running.start(VANTAGE_STORAGE_API_PORT=str(taken.getsockname()[1]))
        assert running.process.wait(PATIENCE_S)
    assert running.process.exit_code == 78
    assert "VANTAGE_STORAGE_API_PORT" in running.log


def test_without_a_token_there_is_no_start_and_a_migration_needs_none(
    running: StorageProcess, environment: dict[str, str]
) -> None:
    running.start(VANTAGE_STORAGE_API_TOKEN="")
    assert running.process.wait(PATIENCE_S)
    assert running.process.exit_code == 78
    running.start("migrate", VANTAGE_STORAGE_API_TOKEN="")
    assert running.process.wait(PATIENCE_S)
    assert running.process.exit_code == 0
