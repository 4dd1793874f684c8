"""What index, objects and receipts can disagree about: each kind by name, what it means, and who mends it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

IN_FLIGHT = "in-flight"
"""No disagreement: an object so young that its announcement may be on its way."""


@dataclass(frozen=True)
class Kind:
    """`chore` is the one whose round mends it safely; empty where only a person can."""

    name: str
    remedy: str
    chore: str = ""


_KINDS = (
    Kind("indexed-but-missing", "footage is lost: see who wrote to the store, and restore the object from a backup"),
    Kind("size-differs", "the object is damaged: see who wrote to the store, and restore it from a backup"),
    Kind("digest-differs", "the object is damaged or was exchanged: see who wrote to the store; it is no evidence"),
    Kind("unreadable", "the store or its keys refuse to give it: see the reason, and give storage its rights back"),
    Kind("object-without-row", "nobody announced it and nobody can find it; keep it: it goes when it is due"),
    Kind("leftover-past-retention", "it should have gone: --repair, then see why `sweep` does not run", "sweep"),
    Kind("extra-version", "an old version or mark of a deletion: it goes when its day is due, or its lock ends"),
    Kind("strange-key", "its folder names no day, so nothing erases it: see who wrote it, and erase it by hand"),
    Kind("garbage-row-left", "an erasure does not end: --repair; the log says what a lock or right keeps", "erasure"),
    Kind("leftover-noted", "a sweep does not end: --repair; the log says what a lock or right keeps", "sweep"),
    Kind("past-retention", "it should have gone: --repair, then see why `erasure` does not run", "erasure"),
    Kind("partition-empty-behind", "a day of which nothing is left still has tables: --repair", "erasure"),
    Kind(
        "receipt-unpublished", "`audit.v1` does not have it: --repair, then see why `receipts` does not run", "receipts"
    ),
    Kind("receipt-of-no-policy", "a receipt names a version of the policy that is not there: restore the table"),
    Kind(
        "offsets-ahead",
        "rows are missing or will be: the event log was made anew; see docs, `truncate storage.offsets`",
    ),
    Kind("log-forgotten", "messages went before they were indexed: run storage, and look for objects without a row"),
    Kind(
        "evidence-missing",
        "what is held is gone from `evidence`: --repair copies it again if footage has it",
        "evidence",
    ),
    Kind("evidence-lock-lapsed", "held evidence can be deleted: --repair, then see why `locks` does not run", "locks"),
    Kind("evidence-writing-left", "a held recording is not copied: --repair; the reason is beside it", "evidence"),
    Kind(
        "evidence-garbage-left",
        "released evidence is still there: --repair, then see why `holds` does not run",
        "holds",
    ),
    Kind(
        "hold-copy-missing", "a held recording has no copy: --repair, then see why `evidence` does not run", "evidence"
    ),
    Kind("evidence-of-no-hold", "objects of a hold that storage does not know: restore its row, or erase them"),
)
KINDS = MappingProxyType({one.name: one for one in _KINDS})


@dataclass(frozen=True, order=True)
class Disagreement:
    """One, about a recording or an object of a camera (`what`), with the values that differ."""

    kind: str
    camera_id: str
    what: str
    value: str = ""

    @property
    def remedy(self) -> str:
        """What to do."""
        return KINDS[self.kind].remedy


def since(moment_us: int) -> str:
    """When it began, for a value."""
    return f"since {datetime.fromtimestamp(moment_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
