"""Everything that virtual cameras can do wrong, one fault a camera and all at once, with the ledger that each leaves.

The time-outs are those of production: what is asked is that each fault is told within ten seconds of the last picture
before it, by the times of the events, and that the camera is recorded again afterwards.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from uuid import uuid4

import pytest

from vantage.contracts import CameraStatus, Fragment, Recording
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import street_clip, sub_clip
from vantage_stack.cameras.control import Op
from vantage_stack.part import Site
from vantage_stack.stack import Stack

from .conftest import Ingest, Register, Topics, until

TOLD_WITHIN_US = 10_000_000
FRAGMENTS_UNTROUBLED = 8
Do = tuple[Op, int]


@dataclass(frozen=True)
class Fault:
    """What is done to a camera, how it is taken back, and what ingest is to say.

    `gap` is the cause of the gap that it leaves; None where not a second may be missing. `says` is in a status that
    comes while it lasts; without it the fault lasts for some fragments.
    """

    name: str
    do: Sequence[Do]
    undo: Sequence[Do] = ()
    gap: str | None = None
    state: str = "online"
    says: str = ""


OTHER_CLIP = 0
"""Stands for the number of the other clip in `codec`."""
FAULTS = (
    Fault("silence", [("stall", 0)], [("resume", 0)], "stream-stalled", "stalled", "the camera stopped sending"),
    Fault("drop", [("drop", 0)], (), "stream-ended", "offline", "the camera ended the stream"),
    Fault("plain end", [("end", 0)], (), "stream-ended", "offline", "the camera ended the stream"),
    Fault("switched off", [("off", 0)], [("on", 0)], "stream-ended", "offline", "the camera has no stream"),
    Fault("hang", [("hang", 0), ("drop", 0)], [("unhang", 0)], "stream-ended", "offline", "does not answer"),
    Fault("all packets lost", [("loss", 1000)], [("loss", 0)], "stream-stalled", "stalled", "stopped sending"),
    Fault("slow bytes", [("slow", 2)], [("slow", 0)], "stream-stalled", "stalled", "stopped sending"),
    Fault("babble", [("babble", 50_000)], (), "stream-malformed", "offline", "is no RTSP stream any more"),
    Fault("broken parameters", [("codec", -1)], [("codec", 0)], "codec-unsupported", "unsupported", "parameter sets"),
    Fault("other size", [("codec", OTHER_CLIP)]),
    Fault("time stamps forward", [("jump", 20_000)], (), "stream-malformed"),
    Fault("time stamps back", [("jump", -20_000)], (), "stream-malformed"),
    Fault("time stamps again", [("repeat", 40)]),
    Fault("clock forward", [("skew", 5_000)], (), "clock-jump"),
    Fault("clock back", [("skew", -5_000)], (), "clock-jump"),
    Fault("clock an hour ahead", [("skew", 3_600_000)], says="the camera's clock is wrong by 3600 s"),
    Fault("clock an hour behind", [("skew", -3_600_000)], says="the camera's clock is wrong by -3600 s"),
    Fault("drift", [("drift", 300)], [("drift", 0)]),
    Fault("no markers", [("unmarked", 1)], [("unmarked", 0)]),
    Fault("some packets lost", [("loss", 20)], [("loss", 0)]),
    Fault("short packets", [("truncate", 20)], [("truncate", 0)]),
    Fault("garbage", [("garbage", 20)], [("garbage", 0)]),
    Fault("user data", [("sei", 1)], [("sei", 0)]),
)


@dataclass(frozen=True)
class Ledger:
    """What was written of one camera."""

    recordings: list[Recording]
    statuses: list[CameraStatus]
    fragments: list[Fragment]

    @property
    def causes(self) -> set[str]:
        """Of every gap but that before the first recording."""
        return {recording.gap_before.cause for recording in self.recordings[1:] if recording.gap_before}


class Scene:
    """The cameras while their faults happen."""

    def __init__(self, cameras: VirtualCameras, register: Register, topics: Topics) -> None:
        self._played: dict[str, Future[None]] = {}
        self._virtual = cameras
        self._topics = topics
        self._cameras = {
            fault.name: register.add(fault.name.replace(" ", "-"), cameras.url(number), credential="faulty")
            for number, fault in enumerate(FAULTS, 1)
        }

    def play(self) -> None:
        """Do everything to everybody, and wait until all are recorded again."""
        for fault in FAULTS:
            until(lambda fault=fault: self._recorded(fault, 0), f"{fault.name} is recorded")  # type: ignore[misc]
        with ThreadPoolExecutor(len(FAULTS)) as pool:
            self._played = {
                fault.name: pool.submit(self._suffer, number, fault) for number, fault in enumerate(FAULTS, 1)
            }

    def outcome(self, fault: Fault) -> Ledger:
        """What there is of a camera once its fault is over; raises where that was never told or never over."""
        self._played[fault.name].result()
        return self._ledger(fault)

    def _ledger(self, fault: Fault) -> Ledger:
        camera = self._cameras[fault.name]
        topics = self._topics
        recordings = sorted(topics.recordings(camera), key=lambda recording: (recording.epoch, recording.start))
        return Ledger(recordings, topics.statuses(camera), topics.fragments(camera))

    def _suffer(self, number: int, fault: Fault) -> None:
        before = len(self._ledger(fault).fragments)
        self._do(number, fault.do)
        until(lambda: self._noticed(fault, before), f"{fault.name}: {fault.says or 'some fragments'}")
        self._do(number, fault.undo)
        seen = len(self._ledger(fault).recordings)
        until(lambda: self._recorded(fault, seen + 2), f"{fault.name} is recorded again")

    def _do(self, number: int, what: Sequence[Do]) -> None:
        for op, value in what:
            other = op == "codec" and value == OTHER_CLIP and what is FAULTS[number - 1].do
            self._virtual.control(number, op, len(FAULTS) + 1 if other else value)

    def _noticed(self, fault: Fault, before: int) -> bool:
        ledger = self._ledger(fault)
        if fault.says:
            return any(told(fault, status) for status in ledger.statuses)
        return len(ledger.fragments) > before + FRAGMENTS_UNTROUBLED

    def _recorded(self, fault: Fault, count: int) -> bool:
        return len(self._ledger(fault).recordings) > count


def told(fault: Fault, status: CameraStatus) -> bool:
    return status.state == fault.state and fault.says in status.cause


@pytest.fixture(scope="module")
def scene(stack: Stack, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("faults")
    cell = f"t{uuid4().hex[:10]}"
    stack.require("kafka", "store")
    street, other = street_clip(stack.cache, lambda _: None), sub_clip(stack.cache, lambda _: None)
    site = Site(folder, folder / "cameras.log", stack.ports, stack.cache)
    cameras = VirtualCameras(site, len(FAULTS), [*[street] * len(FAULTS), other])
    (folder / "credentials").mkdir()
    (folder / "credentials" / "faulty").write_text(cameras.credential)
    topics, register = Topics(kafka_bootstrap, cell), Register(kafka_bootstrap, cell)
    settings = {
        "VANTAGE_CELL_ID": cell,
        "VANTAGE_REPLICA": "ingest-faults",
        "VANTAGE_STATE_DIR": str(folder / "state"),
        "VANTAGE_INGEST_CREDENTIALS": str(folder / "credentials"),
        "VANTAGE_CAMERA_NETWORKS": "127.0.0.0/8",
        "VANTAGE_INGEST_RECORDING_SECONDS": "3",
        "VANTAGE_INGEST_WORKERS": "1",
        "VANTAGE_INGEST_PIN": "false",
    }
    ingest = Ingest(stack.environment() | settings, folder)
    try:
        cameras.start()
        made = Scene(cameras, register, topics)
        ingest.start()
        made.play()
        ingest.stop()
        yield made
    finally:
        ingest.stop()
        cameras.stop()
        register.clear()
        topics.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_leaves_its_cause_in_the_ledger_and_no_other(scene: Scene, fault: Fault) -> None:
    ledger = scene.outcome(fault)
    assert ledger.causes == ({fault.gap} if fault.gap else set())
    for before, after in pairwise(ledger.recordings):
        gap = after.gap_before
        if gap is None:
            assert after.start == before.end
        else:
            assert gap.end == after.start
            assert gap.start == min(before.end, after.start)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.says], ids=lambda fault: fault.name)
def test_a_fault_is_told_within_ten_seconds_of_the_last_picture(scene: Scene, fault: Fault) -> None:
    ledger = scene.outcome(fault)
    first = next(status for status in ledger.statuses if told(fault, status))
    assert first.remedy
    if fault.gap:
        gap = next(r.gap_before for r in ledger.recordings[1:] if r.gap_before)
        assert first.since - gap.start < TOLD_WITHIN_US
