"""The camera register as scheme publishes it."""

from collections.abc import Sequence

from vantage.contracts import Camera
from vantage.table import Table
from vantage_api.errors import NotFollowing


class TableCameras:
    """Reads `cameras.v1`, once it has been read to its end."""

    def __init__(self, table: Table[Camera]) -> None:
        self._table = table

    def get(self, camera_id: str) -> Camera | None:
        """One camera. Raises NotFollowing."""
        self.check()
        return self._table.get(camera_id)

    def all(self) -> Sequence[Camera]:
        """All of them, by id. Raises NotFollowing."""
        self.check()
        return [camera for _, camera in sorted(self._table.items().items())]

    def check(self) -> None:
        """Raise NotFollowing until the register has been read."""
        if not self._table.is_ready:
            msg = "cameras.v1 has not been read to its end yet"
            raise NotFollowing(msg)
