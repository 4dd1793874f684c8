"""Ingest as a bench runs it: the real service on the real parts, in a cell of its own."""

import re
import sys
import sysconfig
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from vantage.contracts import Camera, Recording
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage.publish import Publisher
from vantage_bench.cost import move, on_core
from vantage_stack.errors import PartFailed
from vantage_stack.ports import HOST
from vantage_stack.process import ManagedProcess
from vantage_stack.stack import Stack
from vantage_stack.topic_log import read_topic

CELL = "bench"
_FAR_US = 4_000_000_000_000_000
_PATIENCE_S = 120.0
_OURS, _THEIRS = 0, 1


def say(text: str) -> None:
    """A line for people, beside the figures."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def parts(name: str, cameras: int, clips: Sequence[Path]) -> Iterator[Stack]:
    """The event log, the store and the cameras, away from the core that is measured, where there are two."""
    with Stack(name, cameras=cameras, clips=clips) as stack, on_core(_THEIRS):
        stack.require("kafka", "store", "cameras")
        yield stack


class Recorder:
    """One replica of ingest, pinned to the first core, that reads `cameras` cameras of the stack."""

    def __init__(self, stack: Stack, name: str, cameras: int, **settings: str) -> None:
        self._stack = stack
        self._name = name
        self._count = cameras
        home = stack.home.part(name)
        self._credentials = home / "credentials"
        self._port = stack.ports.free()
        self._environment = {
            **stack.environment(),
            "VANTAGE_CELL_ID": CELL,
            "VANTAGE_REPLICA": name,
            "VANTAGE_STATE_DIR": str(home / "state"),
            "VANTAGE_HEALTH_PORT": str(self._port),
            "VANTAGE_INGEST_CREDENTIALS": str(self._credentials),
            "VANTAGE_INGEST_WORKERS": "1",
            "VANTAGE_CAMERA_NETWORKS": f"{HOST}/32",
            **settings,
        }
        program = Path(sysconfig.get_path("scripts")) / "vantage-ingest"
        self._process = ManagedProcess(
            name, [program, "run"], log=stack.home.log(name), environment=self._environment, grace_s=60
        )

    @property
    def pid(self) -> int:
        """The supervisor's process id; its workers are its children."""
        return self._process.pid

    def start(self, *, reader: str = "auto") -> None:
        """Publish the cameras, start ingest on its core, and wait until it records all of them."""
        self._credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._credentials / "bench").write_text(self._stack.cameras.credential)
        self._publish([self._camera(number, reader) for number in range(1, self._count + 1)])
        with on_core(_OURS):
            self._process.start()
        end = time.monotonic() + _PATIENCE_S
        while (online := self.metric("vantage_ingest_cameras", state="online")) < self._count:
            if not self._process.running:
                raise self._process.failure()
            if time.monotonic() > end:
                msg = f"{online:.0f} of {self._count} cameras were recorded after {_PATIENCE_S:.0f} s"
                raise PartFailed(msg)
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask it to end: open recordings are finished and uploaded."""
        self._process.stop()
        publisher = self._publisher()
        for number in range(1, self._count + 1):
            publisher.publish_raw("cameras.v1", self._id(number).encode(), None, [])
        publisher.flush()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 where it is not there, or nobody answers yet."""
        try:
            text = httpx.get(f"http://{HOST}:{self._port}/metrics", timeout=10, trust_env=False).text
        except httpx.TransportError:
            return 0.0
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
        return sum(float(value) for given, value in lines if all(label in given for label in wanted))

    def recordings(self) -> Mapping[str, list[Recording]]:
        """What it announced, by camera, in the order of time."""
        found: dict[str, dict[str, Recording]] = defaultdict(dict)
        for _, one in read_topic(self._stack.kafka.bootstrap, "recordings.v1"):
            if isinstance(one, Recording) and one.camera_id.startswith(f"{CELL}.{self._name}-"):
                found[one.camera_id][one.recording_id] = one
        return {camera: sorted(each.values(), key=lambda one: one.start) for camera, each in found.items()}

    def _id(self, number: int) -> str:
        return f"{CELL}.{self._name}-{number:04d}"

    def _camera(self, number: int, reader: str) -> Camera:
        return Camera(
            camera_id=self._id(number),
            cell_id=CELL,
            revision=1,
            state="recording",
            name=f"Bench {number}",
            source=Source(url=self._stack.cameras.url(number), credential="bench", reader=reader),  # type: ignore[arg-type]
            place=Place(latitude=22.3, longitude=114.2),
            authority=Authority(reference="bench", expires_at=_FAR_US),
            changed_at=1,
        )

    def _publish(self, cameras: Sequence[Camera]) -> None:
        publisher = self._publisher()
        for camera in cameras:
            publisher.publish("cameras.v1", camera)
        publisher.flush()

    def _publisher(self) -> Publisher:
        return Publisher(self._stack.kafka.bootstrap, "scheme", CELL)


def part_pids(stack: Stack) -> list[int]:
    """The parts' own processes."""
    return [process.pid for name in stack.up for process in stack.parts[name].processes]


def keep_away(stack: Stack) -> None:
    """Move the parts, with what they started since, away from the measured core."""
    move(part_pids(stack), _THEIRS)
