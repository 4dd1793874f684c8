"""Apache Kafka, KRaft, one node: jars by their lock, Java from a wheel."""

from vantage_stack.kafka.broker import Kafka
from vantage_stack.kafka.jars import STEPS

__all__ = ["STEPS", "Kafka"]
