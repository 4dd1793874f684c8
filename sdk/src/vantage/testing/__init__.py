"""Fakes for unit tests, held to the real parts by `tests/contract/ports`."""

from vantage.clock import ManualClock
from vantage.testing.memory_objects import MemoryObjectStore

__all__ = ["ManualClock", "MemoryObjectStore"]
