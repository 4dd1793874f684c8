"""Which struct each topic holds: the one place where a topic's name meets its contract."""

from collections.abc import Mapping
from types import MappingProxyType

from vantage.contracts.alert import AlertEvent
from vantage.contracts.audit import AuditRecord
from vantage.contracts.base import Message
from vantage.contracts.camera import Camera
from vantage.contracts.dead_letter import DeadLetterHeaders
from vantage.contracts.detection import Detections
from vantage.contracts.finding import Finding
from vantage.contracts.fragment import Fragment
from vantage.contracts.recording import Recording
from vantage.contracts.rule import Rule
from vantage.contracts.status import CameraStatus
from vantage.contracts.track import Track

CONTRACTS: Mapping[str, type[Message]] = MappingProxyType(
    {
        "cameras.v1": Camera,
        "rules.v1": Rule,
        "fragments.v1": Fragment,
        "recordings.v1": Recording,
        "camera-status.v1": CameraStatus,
        "detections.v1": Detections,
        "tracks.v1": Track,
        "findings.v1": Finding,
        "alerts.v1": AlertEvent,
        "audit.v1": AuditRecord,
        "dlq": DeadLetterHeaders,
    }
)
