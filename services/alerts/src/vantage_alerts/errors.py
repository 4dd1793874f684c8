"""The errors of alerts.

    StartupError (vantage)
    └── PartitionsDiffer      the changelog, or a topic that is joined, has another partition count than detections.v1
    Retryable (vantage)
    └── EngineStopped         the consumer of the engine gave up: it is made anew and goes on from the last commit
    VantageError (vantage)
    └── PublisherLost         the thread that publishes alerts ended by a fault of the program
    ValueError
    └── UnknownState          (domain) a stored state was written by another release

What the SDK raises goes through: BrokerUnavailable and DatabaseUnavailable are waited out, DeadLetterLimit and
SchemaMismatch end the process.
"""

from vantage.errors import Retryable, StartupError, VantageError


class PartitionsDiffer(StartupError):
    """Topics that are joined have different partition counts: a camera's messages would meet nowhere."""


class EngineStopped(Retryable):
    """The consumer of the engine gave up; nothing was lost, because its offsets follow the findings."""


class PublisherLost(VantageError):
    """The thread that publishes alerts ended though nobody told it to."""
