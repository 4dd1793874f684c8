"""Copies of what is held are encrypted with a key of their hold, which goes with it: at once, whatever a lock keeps."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from vantage.errors import KeyDestroyed, StoreRefused
from vantage.objects import S3ObjectStore
from vantage.settings import ServiceSettings
from vantage_stack.service import Files
from vantage_stack.services import Services
from vantage_stack.stack import Stack

from .hold_tools import Held, MakeRecording


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Stack]:
    """A stack whose store speaks TLS, and a custodian that keeps the keys."""
    files = Files(tmp_path / "cameras.yaml", tmp_path / "rules.yaml", tmp_path / "credentials")
    with Stack("held", encrypted=True) as stack, Services(stack, files) as services:
        services.start(["keys"])
        yield stack


def store_of_storage(stack: Stack) -> S3ObjectStore:
    assert stack.custody is not None
    told = {**stack.environment(), **stack.custody.environment("storage"), "VANTAGE_KEYS_FRESH_SECONDS": "0.001"}
    given = {name.removeprefix("VANTAGE_").lower(): value for name, value in told.items()}
    return S3ObjectStore.from_settings(ServiceSettings.model_validate(given))


def test_a_released_copy_is_nobodys_to_read_though_its_lock_keeps_it(
    environment: Mapping[str, str], encrypted: Stack, make_recording: MakeRecording
) -> None:
    encrypted.require("store")
    held = Held(environment, store_of_storage(encrypted), make_recording, own_buckets=False)
    held.film(content=b"somebody waits at the pier")
    of, other = held.hold(), held.hold()
    held.round("evidence")
    ((copy,), (kept,)) = held.copies(of), held.copies(other)
    assert held.store.get("evidence", copy.key) == b"somebody waits at the pier"
    with pytest.raises(StoreRefused):
        encrypted.store.access.open().get("evidence", copy.key)
    held.release(of)
    held.round("holds")
    with pytest.raises(KeyDestroyed):
        held.store.get("evidence", copy.key)
    assert [one.version for one in held.copies(of)] == [copy.version]
    assert [one["resource"] for one in held.receipts("hold.key-destroyed")] == [f"hold/{of}"]
    assert held.store.get("evidence", kept.key) == b"somebody waits at the pier"
    held.close()
