"""The supervisor's workers together, with processes of the test's own that die of what they read."""

import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vantage import metrics as sdk_metrics
from vantage.clock import SystemClock
from vantage.contracts.camera import Source
from vantage.health import Readiness
from vantage_ingest.board import StatusBoard
from vantage_ingest.crews import Crews
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.domain.quarantine import Quarantine
from vantage_ingest.fleet import Fleet
from vantage_ingest.orders import Duty
from vantage_ingest.settings import IngestSettings
from vantage_ingest.slots import Slots
from vantage_ingest.standing import Standing
from vantage_ingest.sums import Sums
from vantage_ingest.worker_process import Launch

from .test_fleet import Log, want
from .test_worker_process import PROGRAM

DEADLINE_S = 60.0
REST_S = 3600.0


class Desk:
    """Crews on a state folder of their own. `begin` is a start of the supervisor."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.board = StatusBoard(Log(), self.clock, 60)
        self.readiness = Readiness()
        program = folder / "worker.py"
        program.write_text(textwrap.dedent(PROGRAM))
        self.command = (sys.executable, str(program), str(folder))
        for name, value in {
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "S3_ENDPOINT": "127.0.0.1:1",
            "S3_ACCESS_KEY": "x",
            "S3_SECRET_KEY": "x",
            "CAMERA_NETWORKS": "127.0.0.0/8",
            "INGEST_PIN": "false",
        }.items():
            monkeypatch.setenv(f"VANTAGE_{name}", value)
        self.crews: Crews

    def begin(self, workers: int) -> None:
        settings = IngestSettings.load().model_copy(update={"ingest_workers": workers, "ingest_cameras_per_worker": 2})
        quarantine = Quarantine(strikes=3, rest_s=REST_S)
        standing = Standing(self.board, self.clock, quarantine)
        self.fleet = Fleet(self.board, standing, lambda _camera_id: None)
        launch = Launch(self.clock, self.folder, 5.0, command=self.command)
        slots, sums = Slots(settings, self.folder), Sums(sdk_metrics)
        self.crews = Crews(self.fleet, slots, launch, self.readiness, sums, spool_bytes=1 << 30)

    def until(self, condition: Callable[[], object], *wants: Wanted) -> None:
        deadline = time.monotonic() + DEADLINE_S
        wanted = {one.camera.camera_id: one for one in wants}
        while not condition():
            assert time.monotonic() < deadline
            self.crews.plan(wanted, live=True)
            for _ in range(5):
                self.crews.turn()
                time.sleep(0.01)

    def end(self) -> None:
        self.crews.kill()

    def duties(self, slot: str) -> list[Duty]:
        worker = self.crews._workers.get(slot)
        return worker._sent.duties if worker and worker._sent else []


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(tmp_path, monkeypatch)
    yield made
    made.end()


def test_a_camera_that_kills_its_process_three_times_is_set_apart_while_its_neighbour_is_read_on(desk: Desk) -> None:
    desk.begin(1)
    wants = [want("deadly"), want("harmless")]
    desk.until(lambda: desk.board.state("hk1.deadly") == "quarantined", *wants)
    desk.until(lambda: [one.camera.name for one in desk.duties("reader-0")] == ["harmless"], *wants)
    worker = desk.crews._workers["reader-0"]
    desk.until(lambda: worker.state == "up" and worker.done == worker._serial, *wants)
    pid = worker.pid
    desk.until(lambda: worker.beat.spooled == 0, *wants)
    assert worker.pid == pid


def test_a_worker_that_is_not_up_is_what_the_service_waits_for(desk: Desk) -> None:
    desk.begin(2)
    desk.crews.plan({}, live=True)
    desk.crews.turn()
    assert [part for part in desk.readiness.reasons() if part.startswith("worker ")] == [
        "worker reader-0",
        "worker reader-1",
    ]
    desk.until(lambda: not [part for part in desk.readiness.reasons() if part.startswith("worker ")])


def test_cameras_wait_until_what_an_earlier_run_left_is_known_and_its_slot_goes_when_it_is_empty(desk: Desk) -> None:
    left = desk.folder / "workers" / "reader-7"
    (left / "spool").mkdir(parents=True)
    before = desk.folder / "spool"
    before.mkdir()
    (before / "rec.mp4").write_bytes(b"")
    desk.begin(1)
    wants = [want("a")]
    assert not before.exists()
    moved = desk.folder / "workers" / "before" / "spool" / "rec.mp4"
    assert moved.exists()
    desk.crews.plan({one.camera.camera_id: one for one in wants}, live=True)
    assert desk.duties("reader-0") == []
    desk.until(lambda: desk.duties("reader-0") and not left.exists(), *wants)
    assert moved.exists(), "a spool that is not empty stays"


def test_a_worker_on_demand_comes_with_its_camera_and_goes_after_it(desk: Desk) -> None:
    desk.begin(1)
    asked = want("a", source=Source(url="rtsp://camera/1", reader="ffmpeg"))
    desk.until(lambda: desk.duties("ffmpeg-0"), asked)
    desk.until(lambda: "ffmpeg-0" not in desk.crews._workers)
    assert not (desk.folder / "workers" / "ffmpeg-0").exists()


def test_all_end_when_they_are_asked_to(desk: Desk) -> None:
    desk.begin(2)
    desk.until(lambda: all(worker.state == "up" for worker in desk.crews._workers.values()))
    desk.crews.stop(handover=False)
    desk.until(lambda: desk.crews.ended)
    assert desk.crews.kill() == []
