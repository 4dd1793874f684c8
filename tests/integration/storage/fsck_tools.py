"""The check as tests run it: over the parts of a cell of theirs, with what was told."""

import hashlib
from contextlib import suppress
from typing import Any, cast

import psycopg
from msgspec.structs import replace

from vantage.contracts import Recording, Track
from vantage_storage.domain.disagreement import Disagreement
from vantage_storage.domain.sample import Sample
from vantage_storage.fsck import Wanted, check, repair
from vantage_storage.fsck_findings import Findings, Scope
from vantage_storage.parts import Parts
from vantage_storage.service import all_chores

from .hold_tools import Held
from .retention_tools import HOUR_US, OwnBuckets, Retained, footage_key


class Checked(Held):
    """A cell whose rows came from no event log: nothing says where in one they stood."""

    @property
    def buckets(self) -> OwnBuckets:
        """The store with more rights than storage has."""
        return cast("OwnBuckets", self.store)

    def index(self, *messages: Recording | Track) -> None:
        super().index(*messages)
        self.execute("truncate storage.offsets")

    def upload(self, made: Recording) -> Recording:
        """Put a recording's object, as ingest does before it announces it; the recording with its bytes' digest."""
        content = made.recording_id.encode().ljust(made.size, b"x")
        made = replace(made, bucket="footage", object=footage_key(made), sha256=hashlib.sha256(content).hexdigest())
        self.store.put("footage", made.object, content)
        return made

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.parts.dsn) as connection:
            connection.execute(statement.encode(), values)


def wanted(**changes: Any) -> Wanted:
    fields: dict[str, Any] = {"scope": Scope(), "seed": "s", "grace_us": HOUR_US, "patience_s": 0.0, **changes}
    return Wanted(draw=lambda: Sample.parse("100%", "s"), **fields)


def look(parts: Parts, **changes: Any) -> tuple[list[Disagreement], Findings]:
    told: list[Disagreement] = []
    _, findings = check(parts, wanted(**changes), told.append)
    return sorted(told), findings


def named(cell: Retained, **changes: Any) -> list[tuple[str, str]]:
    """Kind and recording, or object, of what is found."""
    return [(one.kind, one.what) for one in look(cell.parts, **changes)[0]]


def repaired(cell: Retained, **changes: Any) -> list[str]:
    """Check and repair; the chores of which a round was done."""
    return repair(cell.parts, look(cell.parts, **changes)[1], list(all_chores(cell.parts)))


def empty_bucket(cell: Retained, bucket: str) -> None:
    """Take away what is not locked, so that the session's store stays small."""
    with suppress(Exception):
        cell.store.delete_many(bucket, [one.key for one in cell.store.list(bucket, f"{cell.cell}/")])
