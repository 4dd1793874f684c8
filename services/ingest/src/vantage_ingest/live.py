"""Live video: what the cameras finish within a tick goes, a partition a pack, to the object store and is announced.

Freshness beats completeness here: a partition has one pack on its way at a time, so that announcements keep their
order; what waits is bounded by size and age, and the oldest goes first. Recording knows nothing of all this.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import structlog

from vantage.clock import Clock
from vantage.errors import Retryable, VantageError
from vantage.objects import UNCHECKED, ObjectStore
from vantage_ingest import metrics
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.pack import BUCKET, LiveFragment, lay_out, pack_key
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.ports import Announcer
from vantage_ingest.said import Said

_TOPIC = "fragments.v1"
_AFTER_FAILURE_S = 1.0
_log = structlog.get_logger()


class LiveSender:
    """Sends a tick's packs. `tick` is called by one thread, the sending is done by a few.

    The publisher is its own and gives up soon: an announcement that comes late is worth nothing.
    """

    def __init__(
        self,
        queue: LiveQueue,
        store: ObjectStore,
        buckets: Buckets,
        publisher: Announcer,
        clock: Clock,
        *,
        cell_id: str,
        threads: int,
        slot: str = "0",
        dropped: LiveDropped | None = None,
    ) -> None:
        self._queue = queue
        self._store = store
        self._buckets = buckets
        self._publisher = publisher
        self._clock = clock
        self._cell_id = cell_id
        self._slot = slot
        self._dropped = dropped or LiveDropped()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="live")
        self._lock = threading.Lock()
        self._busy: set[int] = set()
        self._last_ms: dict[int, int] = {}
        self._pause_until = 0.0
        self._said = Said(clock)

    def tick(self) -> None:
        """Send what waits for each partition that has no pack on its way."""
        if self._clock.monotonic() < self._pause_until:
            return
        with self._lock:
            ready = self._queue.take(self._busy, self._clock.now_us())
            self._busy |= ready.keys()
        for partition, fragments in ready.items():
            self._pool.submit(self._send, partition, fragments)

    def stop(self) -> None:
        """Drop what waits; what is on its way may finish by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, partition: int, fragments: list[LiveFragment]) -> None:
        try:
            self._put_and_announce(partition, fragments)
            self._said.good("live", "live video goes on")
        except Retryable as error:
            self._said.bad("live", "live video waits", str(error))
            self._queue.give_back(fragments)
            self._pause_until = self._clock.monotonic() + _AFTER_FAILURE_S
        except VantageError as error:
            self._said.bad("live", "live video is dropped", str(error))
            self._dropped.count(fragments, "refused")
        except Exception:  # noqa: BLE001  # one part's fault must not stop the others
            metrics.FAULTS.labels("live").inc()
            _log.exception("a pack was lost")
        finally:
            with self._lock:
                self._busy.discard(partition)

    def _put_and_announce(self, partition: int, fragments: list[LiveFragment]) -> None:
        self._buckets.ensure()
        epoch = max(live.cut.epoch for live in fragments)
        key = pack_key(self._cell_id, partition, self._made_us(partition), epoch, self._slot)
        data, announcements = lay_out(key, fragments)
        self._store.put(BUCKET, key, data, sha256=UNCHECKED)  # whoever reads a fragment compares its own digest
        metrics.PACKS.inc()
        try:
            for announcement in announcements:
                self._publisher.publish(_TOPIC, announcement)
            self._publisher.flush()
        except VantageError as error:  # too late to give back: the pack is there, and fresher ones wait
            self._said.bad("announce", "live video is not announced", str(error))
            self._dropped.count(fragments, "unannounced")
        else:
            self._said.good("announce", "live video is announced again")

    def _made_us(self, partition: int) -> int:
        """Now, but at least a millisecond after the partition's last pack, so that no key comes twice."""
        made_ms = max(self._clock.now_us() // 1000, self._last_ms.get(partition, 0) + 1)
        self._last_ms[partition] = made_ms
        return made_ms * 1000
