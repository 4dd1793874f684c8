"""The event contracts: one module a topic. `schemas/topics/*.yaml` says what each topic is for and gives examples."""

from vantage.contracts.alert import AlertEvent
from vantage.contracts.audit import AuditRecord
from vantage.contracts.base import Message
from vantage.contracts.camera import Camera
from vantage.contracts.codec import Undecodable, decode, encode
from vantage.contracts.dead_letter import DeadLetterHeaders
from vantage.contracts.detection import Detections
from vantage.contracts.finding import Finding
from vantage.contracts.fragment import Fragment
from vantage.contracts.recording import Recording
from vantage.contracts.rule import Rule
from vantage.contracts.status import CameraStatus
from vantage.contracts.track import Track

__all__ = [
    "AlertEvent",
    "AuditRecord",
    "Camera",
    "CameraStatus",
    "DeadLetterHeaders",
    "Detections",
    "Finding",
    "Fragment",
    "Message",
    "Recording",
    "Rule",
    "Track",
    "Undecodable",
    "decode",
    "encode",
]
