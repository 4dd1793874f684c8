"""Reads the objects that were drawn, whole, and compares their digests with what was indexed."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from vantage.errors import KeyDestroyed, ObjectMissing, StoreRefused
from vantage_storage.domain.disagreement import Disagreement
from vantage_storage.domain.sample import Drawn, Sample
from vantage_storage.fsck_findings import Findings
from vantage_storage.parts import Parts

_THREADS = 4


@dataclass(frozen=True)
class Reader:
    """Reads what is drawn: a part of all at once, a number in the end, when it is known which. Safe in threads."""

    parts: Parts
    sample: Sample
    findings: Findings
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, one: Drawn) -> None:
        """Draw or do not. Raises StoreUnavailable."""
        with self._lock:
            is_drawn = self.sample.offer(one)
        if is_drawn:
            self._read(one)

    def read_rest(self) -> None:
        """Read what was drawn and waits. Raises StoreUnavailable."""
        with ThreadPoolExecutor(_THREADS, "fsck-sample") as threads:
            list(threads.map(self._read, self.sample.rest()))

    def _read(self, one: Drawn) -> None:
        if self.parts.running.stop.is_set():
            return
        try:
            content = self.parts.store.get(one.bucket, one.key, version=one.version or None)
        except KeyDestroyed as error:
            self._found("unreadable", one, str(error))
        except ObjectMissing:  # it went since it was listed; where it should not have, the next check says so
            return
        except StoreRefused as error:
            self._found("unreadable", one, str(error))
        else:
            self.findings.looked_at("hashed")
            digest = hashlib.sha256(content).hexdigest()
            if digest != one.sha256:
                self._found("digest-differs", one, f"{one.key} has SHA-256 {digest}, {one.sha256} is indexed")

    def _found(self, kind: str, one: Drawn, value: str) -> None:
        self.findings.found([Disagreement(kind, one.camera_id, one.recording_id, value)])
