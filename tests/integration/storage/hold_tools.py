"""A cell whose recordings are held: real bytes, real locks, and the commands as the gateway sends them."""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient
from msgspec.structs import replace
from pydantic import SecretStr

from vantage.contracts import Recording
from vantage.objects import ObjectInfo, S3ObjectStore
from vantage_storage.domain.day import DAY_US
from vantage_storage.web.app import make_app

from .retention_tools import OwnBuckets, Retained, footage_key

TOKEN = "t" * 40
MINUTE_US = 60_000_000
PATIENCE_S = 90.0
MakeRecording = Callable[..., Recording]
Answer = tuple[int, dict[str, Any]]


class Held(Retained):
    """Storage, over buckets of its own, and its API. Locks are by the store's clock, so this one begins at its time."""

    def __init__(
        self,
        environment: Mapping[str, str],
        store: S3ObjectStore,
        make: MakeRecording,
        now_us: int | None = None,
        *,
        own_buckets: bool = True,
    ) -> None:
        buckets = OwnBuckets(store) if own_buckets else store
        super().__init__(environment, buckets, time.time_ns() // 1000 if now_us is None else now_us)
        self.store.ensure_bucket("footage")
        self._make = make
        self._client = TestClient(make_app(self.parts, SecretStr(TOKEN)))

    @property
    def now_us(self) -> int:
        return self.clock.now_us()

    def film(self, ago_us: int = 10 * MINUTE_US, name: str = "pier-1", content: bytes = b"") -> Recording:
        """A minute that began so long ago, with the bytes that its row says."""
        content = content or uuid4().bytes * 64
        example = self._make(self.camera(name), start=self.now_us - ago_us)
        digest = hashlib.sha256(content).hexdigest()
        made = replace(example, bucket="footage", sha256=digest, size=len(content))
        made = replace(made, object=footage_key(made))
        self.store.put("footage", made.object, content)
        self.index(made)
        return made

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        answer = self._client.post(path, json=dict(body), headers={"Authorization": f"Bearer {TOKEN}"})
        return answer.status_code, answer.json()

    def get(self, path: str) -> Answer:
        answer = self._client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        return answer.status_code, answer.json()

    def wish(self, **fields: Any) -> dict[str, Any]:
        """A hold for a case on the last day of pier-1."""
        return {
            "decision_id": f"dec-{uuid4().hex[:8]}",
            "kind": "case",
            "case_ref": "CASE-7",
            "authority": "warrant 12/2026",
            "cameras": [self.camera()],
            "from_us": self.now_us - DAY_US,
            "to_us": self.now_us,
            "ends_us": self.now_us + 60 * DAY_US,
            "requester": "ana",
            "approver": "bo",
            **fields,
        }

    def hold(self, **fields: Any) -> str:
        status, answer = self.post("/v1/holds", self.wish(**fields))
        assert status == 201, answer
        return str(answer["hold_id"])

    def release(self, hold_id: str, **fields: Any) -> Answer:
        body = {"decision_id": f"dec-{uuid4().hex[:8]}", "requester": "ana", "approver": "bo", "reason": "dropped"}
        return self.post(f"/v1/holds/{hold_id}/release", {**body, **fields})

    def extend(self, hold_id: str, ends_us: int, **fields: Any) -> Answer:
        body = {"decision_id": f"dec-{uuid4().hex[:8]}", "requester": "ana", "approver": "bo", "ends_us": ends_us}
        return self.post(f"/v1/holds/{hold_id}/extend", {**body, **fields})

    def shown(self, hold_id: str) -> dict[str, Any]:
        status, answer = self.get(f"/v1/holds/{hold_id}")
        assert status == 200, answer
        return answer

    def copies(self, hold_id: str) -> list[ObjectInfo]:
        """Every version that the store has of a hold."""
        return list(self.store.versions("evidence", f"{self.cell}/{hold_id}/"))

    def rows_of(self, hold_id: str) -> list[tuple[Any, ...]]:
        query = (
            "select state, object, version, locked_until_us from storage.evidence where hold_id = %s order by start_us"
        )
        return self.rows(query, hold_id)

    def end_locks(self, hold_id: str) -> None:
        """Let time pass, the store's too, and do rounds until nothing of the hold is left."""
        deadline = time.monotonic() + PATIENCE_S
        while self.shown(hold_id)["state"] != "gone":
            assert time.monotonic() < deadline, (self.shown(hold_id), self.copies(hold_id), self.rows_of(hold_id))
            self.clock.advance(max(700, time.time_ns() / 1e9 - self.now_us / 1e6))
            self.round("holds")
            time.sleep(0.2)


def wait_until_past(moment_us: int) -> None:
    """Wait until the store's clock is past a time by more than it rounds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.time_ns() // 1000 <= moment_us + 1_000_000:
        assert time.monotonic() < deadline
        time.sleep(0.1)
