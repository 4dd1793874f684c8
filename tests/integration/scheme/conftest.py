"""What the tests of scheme share: files of a cell of their own, scheme as a process, and what it published."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import pytest

from vantage.contracts import Camera, Rule
from vantage.table import Table
from vantage_scheme.settings import SchemeSettings
from vantage_stack.process import ManagedProcess

DEADLINE_S = 60.0
CAMERA = """\
  - id: {id}
    name: Camera {id}
    source: {{url: "rtsp://127.0.0.1:8554/{id}"}}
    place: {{latitude: 22.1, longitude: 113.5}}
    papers:
      authority: {{reference: SIP-1, expires_at: "{expires}"}}
      notice_posted: 2026-01-10
      privacy_assessment: PIA-1
"""
RULE = """\
  - id: {id}
    name: Thirty people
    cameras: [{camera}]
    when: {{type: crowd-count, threshold: 30, labels: [person], lasting: 2s}}
"""


def camera(name: str, *lines: str, expires: str = "2099-12-31") -> str:
    """A camera of the file whose papers are in order, and further lines of it."""
    return CAMERA.format(id=name, expires=expires) + "".join(f"    {line}\n" for line in lines)


class SchemeProcess:
    """`vantage-scheme` on a camera and a rules file that the test writes. The cell is the test's own."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.cell = f"t{uuid4().hex[:12]}"
        self.cameras_file, self.rules_file = folder / "cameras.yaml", folder / "rules.yaml"
        self._log = folder / "scheme.log"
        self._process: ManagedProcess | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "VANTAGE_CELL_ID": self.cell,
            "VANTAGE_KAFKA_BOOTSTRAP": bootstrap,
            "VANTAGE_S3_ENDPOINT": "127.0.0.1:9",  # scheme keeps nothing there
            "VANTAGE_S3_ACCESS_KEY": "unused",
            "VANTAGE_S3_SECRET_KEY": "unused",
            "VANTAGE_SCHEME_CAMERAS": str(self.cameras_file),
            "VANTAGE_SCHEME_POLL_SECONDS": "0.1",
        }

    @property
    def process(self) -> ManagedProcess:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def events(self, event: str) -> list[dict[str, object]]:
        """The lines of the log that tell of an event."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def write_cameras(self, *entries: str) -> None:
        """Replace the camera file as an editor does: another file under its name."""
        draft = self.cameras_file.with_suffix(".draft")
        draft.write_text("cameras:\n" + "".join(entries))
        draft.replace(self.cameras_file)

    def write_rules(self, *rules: tuple[str, str]) -> None:
        """Replace the rules file by one of these rules, each an id and the camera it is for."""
        self.rules_file.write_text("rules:\n" + "".join(RULE.format(id=name, camera=one) for name, one in rules))
        self._environment["VANTAGE_SCHEME_RULES"] = str(self.rules_file)

    def start(self, *arguments: str, **environment: str) -> None:
        argv: list[str | Path] = [Path(sys.executable).with_name("vantage-scheme"), *(arguments or ["run"])]
        self._log.unlink(missing_ok=True)
        whole = self._environment | environment
        self._process = ManagedProcess("scheme", argv, log=self._log, environment=whole, folder=self._log.parent)
        self._process.start()

    def end(self) -> int | None:
        """Wait for its own end; the exit code."""
        assert self.process.wait(DEADLINE_S), self.log
        return self.process.exit_code

    def waiting_for(self) -> dict[str, str]:
        """What the process says it waits for; empty when it is ready."""
        listens = self.events("health endpoint listens")
        if not listens:
            return {"process": "it has hardly begun"}
        connection = HTTPConnection("127.0.0.1", int(str(listens[0]["port"])), timeout=5)
        connection.request("GET", "/readyz")
        return dict(json.loads(connection.getresponse().read())["waiting"])

    def eventually(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.process.running, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()


@pytest.fixture
def scheme(kafka_bootstrap: str, tmp_path: Path) -> Iterator[SchemeProcess]:
    made = SchemeProcess(kafka_bootstrap, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def settings(kafka_bootstrap: str, tmp_path: Path) -> SchemeSettings:
    return SchemeSettings.model_validate(
        {
            "kafka_bootstrap": kafka_bootstrap,
            "s3_endpoint": "127.0.0.1:9",
            "s3_access_key": "unused",
            "s3_secret_key": "unused",
            "scheme_cameras": tmp_path / "cameras.yaml",
        }
    )


class Published:
    """What the topics say of one cell's cameras, and of rules by their ids."""

    def __init__(self, settings: SchemeSettings, cell: str) -> None:
        self._cell = cell
        self._cameras = Table(settings, "cameras.v1", Camera).start()
        self._rules = Table(settings, "rules.v1", Rule).start()
        self._cameras.wait_ready(DEADLINE_S)
        self._rules.wait_ready(DEADLINE_S)

    def cameras(self) -> Mapping[str, Camera]:
        """By the name of the camera, without its cell."""
        found = self._cameras.items().items()
        return {key.removeprefix(f"{self._cell}."): one for key, one in found if key.startswith(f"{self._cell}.")}

    def states(self) -> dict[str, tuple[str, int]]:
        """State and revision of each camera."""
        return {name: (one.state, one.revision) for name, one in self.cameras().items()}

    def rule(self, name: str) -> Rule | None:
        return self._rules.get(name)

    def stop(self) -> None:
        self._cameras.stop()
        self._rules.stop()


@pytest.fixture
def published(settings: SchemeSettings, scheme: SchemeProcess) -> Iterator[Published]:
    made = Published(settings, scheme.cell)
    yield made
    made.stop()


@pytest.fixture
def write_camera() -> Callable[..., str]:
    return camera
