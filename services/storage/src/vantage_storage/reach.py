"""How far the event log reaches back: a policy cannot promise less than its topics keep."""

from vantage.topics import TOPICS, Topic, dead_letter_topic
from vantage_storage.domain.day import DAY_US

CAPTURE_TOPICS = ("fragments.v1", "recordings.v1", "detections.v1", "tracks.v1", "findings.v1")
"""The topics of what was captured. `alerts.v1` and `audit.v1` are records of what people did, and kept as such."""
_GRACE_US = DAY_US


def capture_topics() -> list[str]:
    """Those topics, and those of their dead letters, which have the same messages."""
    return [*CAPTURE_TOPICS, *map(dead_letter_topic, CAPTURE_TOPICS)]


def fewest_days() -> int:
    """The fewest days that a class may have: the event log, dead letters included, forgets within them and a day."""
    letters = TOPICS["dlq"]
    reach_us = 1000 * max(_reach_ms(TOPICS[name]) + _reach_ms(letters) for name in CAPTURE_TOPICS)
    return -(-(reach_us - _GRACE_US) // DAY_US)


def _reach_ms(topic: Topic) -> int:
    return topic.reach_ms or 0
