"""For unit tests of what is built on the SDK: a clock that stands, an object store in memory (held to the real one by
`tests/contract/ports`), and batches as a loop hands them over.
"""

from vantage.clock import ManualClock
from vantage.testing.memory_bucket import Versioning
from vantage.testing.memory_objects import MemoryObjectStore
from vantage.testing.messages import received
from vantage.testing.versions import keep_versions

__all__ = ["ManualClock", "MemoryObjectStore", "Versioning", "keep_versions", "received"]
