"""The alerts as they are now, from the view `alerts.alerts_v1`."""

from collections.abc import Mapping, Sequence
from typing import Any

from vantage_api.adapters.database import Database
from vantage_api.ports import AlertQuery


class PostgresAlertIndex:
    """Reads what the desk shows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, query: AlertQuery) -> Sequence[Mapping[str, Any]]:
        """Rows, the newest first."""
        before_us, before_id = query.before or (None, None)
        return self._database.rows(
            "select * from alerts.alerts_v1 where (%s::text is null or state = %s)"
            " and (%s::text is null or camera_id = %s)"
            " and (%s::bigint is null or (raised_at_us, alert_id) < (%s, %s))"
            " order by raised_at_us desc, alert_id desc limit %s",
            [
                *(query.state, query.state),
                *(query.camera_id, query.camera_id),
                *(before_us, before_us, before_id),
                query.limit,
            ],
        )

    def get(self, alert_id: str) -> Mapping[str, Any] | None:
        """One row."""
        found = self._database.rows("select * from alerts.alerts_v1 where alert_id = %s", [alert_id])
        return found[0] if found else None
