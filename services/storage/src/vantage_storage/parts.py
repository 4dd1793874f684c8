"""What the parts of a running storage share: made once, at its start, and handed to each."""

from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from vantage.clock import Clock
from vantage.objects import ObjectStore
from vantage.publish import Publisher
from vantage.service import Running
from vantage_storage.settings import StorageSettings


@dataclass(frozen=True)
class Parts:
    """The outside world of storage. `pool` and `dsn` are of the same database."""

    settings: StorageSettings
    running: Running
    clock: Clock
    store: ObjectStore
    publisher: Publisher
    pool: ConnectionPool
    dsn: str
