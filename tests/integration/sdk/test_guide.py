"""The guide's service runs as it stands there, and its unit test passes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from vantage.contracts import AuditRecord, CameraStatus, decode
from vantage.errors import ObjectMissing
from vantage.publish import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.sdk.conftest import Log, Until
    from vantage.objects import S3ObjectStore

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "services.md").read_text()
SERVICE, UNIT_TEST = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def status(camera_id: str, state: str, since: int, observed_at: int = 9) -> CameraStatus:
    return CameraStatus(camera_id=camera_id, state=state, since=since, observed_at=observed_at, source="ingest")  # type: ignore[arg-type]


@pytest.fixture
def begin(tmp_path: Path, service_environment: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    program = tmp_path / "visits.py"
    program.write_text(SERVICE)
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        more = {"VANTAGE_REPLICA": "guide", "VANTAGE_VISITS_BUCKET": BUCKET}
        environment = {**os.environ, **service_environment, **more}
        started.append(subprocess.Popen([sys.executable, program], env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


BUCKET = f"visits-{uuid4().hex[:12]}"


def test_its_service_keeps_its_list_over_a_kill(
    log: Log, object_store: S3ObjectStore, until: Until, begin: Callable[[], subprocess.Popen[str]]
) -> None:
    camera, wrong, since = f"t1.{uuid4().hex[:12]}", f"t1.{uuid4().hex[:12]}", log.ends()
    letters = log.ends("camera-status.v1.dlq")
    publisher = Publisher(log.bootstrap, "test", "t1")

    def there() -> bool:
        try:
            return bool(object_store.stat(BUCKET, camera))
        except ObjectMissing:
            return False

    def publish(*messages: CameraStatus) -> None:
        for message in messages:
            publisher.publish("camera-status.v1", message)
        publisher.flush()

    def dead() -> list[bytes | None]:
        return [one.key() for one in log.read("camera-status.v1.dlq", letters)]

    first = begin()
    publish(status(camera, "offline", 1), status(wrong, "offline", 10, observed_at=9))
    until(there, "the camera is on the list")
    first.kill()
    first.wait()
    second = begin()
    publish(status(camera, "online", 2))
    until(lambda: not there(), "the camera is off the list")
    until(lambda: wrong.encode() in dead(), "the wrong one, which may be in another partition, is put aside")
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0

    receipts = [decode("audit.v1", one.value() or b"") for one in log.read("audit.v1", since)]
    assert {one.resource for one in receipts if isinstance(one, AuditRecord) and one.actor == "visits"} >= {camera}


def test_its_unit_test_passes() -> None:
    names: dict[str, Any] = {"__name__": "visits"}
    exec(compile(SERVICE, "services.md", "exec"), names)  # noqa: S102
    exec(compile(UNIT_TEST, "services.md", "exec"), names)  # noqa: S102
    names["test_a_camera_that_is_back_needs_no_visit"]()
