"""The errors of alerts.

    StartupError (vantage)
    └── PartitionsDiffer      the changelog, or a topic that is joined, has another partition count than detections.v1
    Retryable (vantage)
    └── EngineStopped         the consumer of the engine gave up: it is made anew and goes on from the last commit
        └── RecordsSkipped    the consumer left records out: the same, before anything after them is judged
    ValueError
    └── UnknownState          (domain) a stored state was written by another release

What the SDK raises goes through: BrokerUnavailable and DatabaseUnavailable are waited out, DeadLetterLimit and
SchemaMismatch end the process.
"""

from vantage.errors import Retryable, StartupError


class PartitionsDiffer(StartupError):
    """Topics that are joined have different partition counts: a camera's messages would meet nowhere."""


class EngineStopped(Retryable):
    """The consumer of the engine gave up; nothing was lost, because its offsets follow the findings."""


class RecordsSkipped(EngineStopped):
    """The consumer left records out before this one. Nothing after them was judged, or they would be late for ever."""

    def __init__(self, place: tuple[str, int, int]) -> None:
        topic, partition, offset = place
        super().__init__(f"the consumer left out records of {topic}/{partition} before offset {offset}; reading again")
