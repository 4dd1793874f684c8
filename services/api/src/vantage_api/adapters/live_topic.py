"""`fragments.v1` into memory: each camera's last seconds, from half a minute before the start on."""

import threading
from collections.abc import Sequence

import structlog
from confluent_kafka import OFFSET_END, Consumer, TopicPartition
from confluent_kafka import Message as Record

from vantage.clock import Clock
from vantage.contracts import Fragment, Undecodable, decode
from vantage_api import metrics
from vantage_api.adapters.follower import Follower
from vantage_api.domain.live import KEPT, LiveCamera, LiveFragment

_log = structlog.get_logger()
TOPIC = "fragments.v1"
_ASK_S = 3.0


class LiveFollower:
    """The live fragments of every camera of the cell. Read from any thread."""

    def __init__(self, bootstrap: str, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cameras: dict[str, LiveCamera] = {}
        self._heard_ms: dict[str, int] = {}
        self._follower = Follower(bootstrap, TOPIC, self._begin, self._take)
        self.thread = self._follower.thread
        self.start, self.stop = self._follower.start, self._follower.stop

    def playlist(self, camera_id: str) -> str | None:
        """The sliding playlist; None where the camera has announced no fragment for half a minute."""
        oldest_ms = self._clock.now_us() // 1000 - KEPT * 1000
        with self._lock:
            camera = self._cameras.get(camera_id)
            return camera.playlist() if camera and self._heard_ms[camera_id] >= oldest_ms else None

    def find(self, camera_id: str, fragment_id: str) -> LiveFragment | None:
        """A fragment, while it is kept."""
        with self._lock:
            camera = self._cameras.get(camera_id)
            return camera.find(fragment_id) if camera else None

    def of_run(self, camera_id: str, run: str) -> LiveFragment | None:
        """A fragment of that unbroken run, for its initialisation segment."""
        with self._lock:
            camera = self._cameras.get(camera_id)
            return camera.of_run(run) if camera else None

    def _begin(self, consumer: Consumer, partitions: Sequence[int]) -> list[TopicPartition]:
        """Half a minute ago, so that a restarted gateway has a playlist at once."""
        since_ms = self._clock.now_us() // 1000 - KEPT * 1000
        wanted = [TopicPartition(TOPIC, number, since_ms) for number in partitions]
        found: list[TopicPartition] = consumer.offsets_for_times(wanted, timeout=_ASK_S)
        return [TopicPartition(TOPIC, one.partition, one.offset if one.offset >= 0 else OFFSET_END) for one in found]

    def _take(self, records: Sequence[Record]) -> None:
        fragments = [(fragment, record) for record in records if (fragment := _decoded(record)) is not None]
        with self._lock:
            for fragment, record in fragments:
                if fragment.stream != "main":  # the console plays what is recorded
                    continue
                self._cameras.setdefault(fragment.camera_id, LiveCamera()).add(LiveFragment.of(fragment))
                self._heard_ms[fragment.camera_id] = record.timestamp()[1]


def _decoded(record: Record) -> Fragment | None:
    try:
        fragment = decode(TOPIC, record.value() or b"")
    except Undecodable as error:
        metrics.SKIPPED.labels(TOPIC).inc()
        _log.error("a fragment cannot be read and is not shown", offset=record.offset(), error=str(error))
        return None
    return fragment if isinstance(fragment, Fragment) else None
