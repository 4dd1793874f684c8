"""What the tests of encryption at rest share: a stack of their own, with TLS and a custodian, and its audit records."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from vantage.contracts import AuditRecord, decode
from vantage.objects import S3ObjectStore
from vantage.objects.http_keyring import HttpKeyring
from vantage.settings import ServiceSettings
from vantage_stack.service import Files
from vantage_stack.services import Services
from vantage_stack.stack import Stack

Eventually = Callable[[str, Callable[[], object]], None]
PLENTY_S = 120.0


class Custodian:
    """The custodian of a stack as a process, and those who call it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self._files = Files(folder / "cameras.yaml", folder / "rules.yaml", folder / "credentials")
        self._open = ExitStack()
        self.services = self._run({})

    def restart(self, settings: Mapping[str, str]) -> None:
        """Stop it and start it with other settings."""
        self._open.close()
        self.services = self._run(settings)

    def settings(self, service: str, **changes: object) -> ServiceSettings:
        """What a service on this stack is told."""
        assert self.stack.custody is not None
        told = {**self.stack.environment(), **self.stack.custody.environment(service)}
        given = {name.removeprefix("VANTAGE_").lower(): value for name, value in told.items()}
        return ServiceSettings.model_validate({**given, **changes})

    def keyring(self, service: str) -> HttpKeyring:
        """A keyring that keeps nothing."""
        found = HttpKeyring.from_settings(self.settings(service, keys_fresh_seconds=0.001))
        assert found is not None
        return found

    def store(self, service: str) -> S3ObjectStore:
        """The object store as the service opens it, but that it asks for a key each time."""
        return S3ObjectStore.from_settings(self.settings(service, keys_fresh_seconds=0.001))

    def audit(self) -> list[AuditRecord]:
        """What stands on `audit.v1`."""
        return read_audit(self.stack.kafka.bootstrap)

    def close(self) -> None:
        self._open.close()

    def _run(self, settings: Mapping[str, str]) -> Services:
        services = self._open.enter_context(Services(self.stack, self._files, settings=dict(settings)))
        services.start(["keys"])
        return services


def read_audit(bootstrap: str) -> list[AuditRecord]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"audit-{uuid4().hex}"})
    try:
        numbers = consumer.list_topics("audit.v1", timeout=10).topics["audit.v1"].partitions
        places = [TopicPartition("audit.v1", number, 0) for number in numbers]
        left = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
        consumer.assign(places)
        found: list[AuditRecord] = []
        while len(found) < left:
            record = consumer.poll(10)
            assert record is not None
            value = decode("audit.v1", record.value() or b"")
            assert isinstance(value, AuditRecord)
            found.append(value)
        return found
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack("keys", encrypted=True) as made:
        made.require("kafka", "store")
        for bucket in ("footage", "live"):
            made.store.access.open().ensure_bucket(bucket)
        made.store.access.open().ensure_bucket("evidence", lock=True)
        yield made


@pytest.fixture(scope="module")
def custodian(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Custodian]:
    made = Custodian(stack, tmp_path_factory.mktemp("custodian"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait for a condition, with a generous deadline."""

    def wait(what: str, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PLENTY_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {PLENTY_S:g} s: {what}"
            time.sleep(0.2)

    return wait
