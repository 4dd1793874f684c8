"""The views that were given, in the table `api.views`."""

from vantage_api.adapters.database import Database
from vantage_api.domain.view import View

_KEPT_US = 24 * 60 * 60 * 1_000_000
"""How long a view that is over is kept, so that who comes late is told that it is over, not that it never was."""


class PostgresViews:
    """Keeps views across restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, view: View) -> None:
        """Keep a view; those that are long over are forgotten."""
        self._database.rows("delete from api.views where expires_us < %s", [view.created_us - _KEPT_US])
        self._database.rows(
            "insert into api.views (view_id, subject, camera_id, kind, purpose, case_id, created_us, expires_us,"
            " from_us, to_us) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                view.view_id,
                view.subject,
                view.camera_id,
                view.kind,
                view.purpose,
                view.case,
                view.created_us,
                view.expires_us,
                view.from_us,
                view.to_us,
            ],
        )

    def get(self, view_id: str) -> View | None:
        """The view of that id."""
        found = self._database.rows(
            "select view_id, subject, camera_id, kind, purpose, case_id as case, created_us, expires_us, from_us, to_us"
            " from api.views where view_id = %s",
            [view_id],
        )
        return View(**found[0]) if found else None
