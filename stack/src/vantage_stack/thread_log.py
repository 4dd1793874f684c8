"""What went over the topics of a thread, and when each message was written, in UTC microseconds."""

from dataclasses import dataclass, field
from typing import TypeVar

from vantage.contracts import AlertEvent, AuditRecord, Detections, Finding, Fragment, Message, Recording
from vantage_stack.topic_log import count, read_topic

M = TypeVar("M", bound=Message)
Written = list[tuple[int, M]]


@dataclass(frozen=True)
class ThreadLog:
    """The messages of one thread, in the order of their partitions."""

    fragments: Written[Fragment]
    recordings: Written[Recording]
    detections: Written[Detections]
    findings: Written[Finding]
    alerts: Written[AlertEvent]
    audit: Written[AuditRecord]
    dead_letters: dict[str, int] = field(default_factory=dict)


def read_thread(bootstrap: str) -> ThreadLog:
    """Everything that is on the topics now."""
    topics = ("fragments.v1", "recordings.v1", "detections.v1", "findings.v1", "alerts.v1")
    return ThreadLog(
        fragments=_read(bootstrap, "fragments.v1", Fragment),
        recordings=_read(bootstrap, "recordings.v1", Recording),
        detections=_read(bootstrap, "detections.v1", Detections),
        findings=_read(bootstrap, "findings.v1", Finding),
        alerts=_read(bootstrap, "alerts.v1", AlertEvent),
        audit=_read(bootstrap, "audit.v1", AuditRecord),
        dead_letters={topic: count(bootstrap, f"{topic}.dlq") for topic in topics},
    )


def _read(bootstrap: str, topic: str, kind: type[M]) -> Written[M]:
    return [(at, message) for at, message in read_topic(bootstrap, topic) if isinstance(message, kind)]
