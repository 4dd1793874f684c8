"""PostgreSQL for reading, with errors that say which part is missing."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from vantage.errors import Retryable
from vantage.postgres import connect_pool, database_errors, migrate
from vantage_api.errors import IndexMissing

CONNECTIONS = 4
_PATIENCE_S = 3.0
_SCHEMA = "api"
_MIGRATIONS = "vantage_api.migrations"
_VIEWS: Mapping[str, LiteralString] = {
    "storage": "select from storage.recordings_v1 limit 0",
    "alerts": "select from alerts.alerts_v1 limit 0",
}


class Database:
    """A small pool; each call is one statement."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool = connect_pool(dsn, application="vantage-api", max_size=CONNECTIONS, timeout_s=_PATIENCE_S)
        self._is_migrated = False

    def rows(self, query: LiteralString, values: Sequence[object] = ()) -> Sequence[Mapping[str, Any]]:
        """The rows of a statement by column. Raises DatabaseUnavailable, IndexMissing."""
        try:
            with database_errors(self._dsn), self._pool.connection() as connection:
                cursor = connection.cursor(row_factory=dict_row).execute(query, values)
                return cursor.fetchall() if cursor.description else []
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
            msg = f"{str(error).splitlines()[0]}: start the service that owns it, once, so that it makes its schema"
            raise IndexMissing(msg) from error

    def prepare(self) -> None:
        """Bring our own schema up to date, once. Raises DatabaseUnavailable, SchemaMismatch."""
        if not self._is_migrated:
            migrate(self._dsn, _SCHEMA, _MIGRATIONS)
            self._is_migrated = True
        self.rows("select")

    def check_views(self) -> None:
        """Raise IndexMissing unless the other services' views are there."""
        if missing := [str(error) for query in _VIEWS.values() if (error := self._fault(query))]:
            raise IndexMissing("; ".join(missing))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close(timeout=1)

    def _fault(self, query: LiteralString) -> Retryable | None:
        try:
            self.rows(query)
        except IndexMissing as error:
            return error
        return None
