"""A consuming service in its smallest form, run as a process of its own by tests that kill it.

For each decision of its actor it appends the record's id to a file, which is its effect, and publishes a receipt.
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from vantage.contracts import AuditRecord
from vantage.publish import Publisher
from vantage.service import Running, run_service
from vantage.settings import ServiceSettings
from vantage.stream import Handler, LoopOptions, Outgoing, Received, StreamLoop


class WorkerSettings(ServiceSettings):
    """What the test wants of this worker."""

    worker_group: str = Field(description="Consumer group.")
    worker_actor: str = Field(description="Whose records it acts on.")
    worker_folder: Path = Field(description="Where the effects are kept.")
    worker_pace_s: float = Field(0.0, description="How long each record takes.")
    worker_fails: bool = Field(default=False, description="Whether it fails at each record, as a bad release would.")


class Effects(Handler[AuditRecord]):
    """Writes down what it saw."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings

    def handle(self, batch: Sequence[Received[AuditRecord]]) -> Iterator[Outgoing]:
        mine = [one.message for one in batch if one.message.actor == self._settings.worker_actor]
        for message in mine:
            if message.kind == "decision":
                self._work(message)
                yield Outgoing("audit.v1", receipt(message))

    def _work(self, message: AuditRecord) -> None:
        if self._settings.worker_fails:
            msg = f"this release cannot handle {message.record_id}"
            raise ValueError(msg)
        time.sleep(self._settings.worker_pace_s)
        with (self._settings.worker_folder / "effects").open("a") as file:
            file.write(message.record_id + "\n")
            file.flush()
            os.fsync(file.fileno())


def receipt(message: AuditRecord) -> AuditRecord:
    return AuditRecord(
        record_id=f"receipt-{message.record_id}",
        at=message.at,
        actor=message.actor,
        kind="receipt",
        action="test",
        resource="x",
    )


def main(settings: WorkerSettings, running: Running) -> None:
    publisher = Publisher.from_settings(settings, "worker")
    StreamLoop(
        settings,
        "worker",
        ["audit.v1"],
        Effects(settings),
        publisher,
        stop=running.stop,
        readiness=running.readiness,
        options=LoopOptions(group=settings.worker_group),
    ).run()


if __name__ == "__main__":
    run_service("worker", WorkerSettings, main)
