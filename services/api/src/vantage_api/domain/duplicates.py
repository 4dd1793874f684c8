"""What a stream has already said: the writer is at-least-once, subscribers are told each change once."""

from collections import OrderedDict


class Duplicates:
    """Remembers the last `size` changes. A copy that comes later than that is said again, and a subscriber drops it by
    (`alert_id`, `revision`).
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._seen: OrderedDict[tuple[str, int], None] = OrderedDict()

    def is_new(self, alert_id: str, revision: int) -> bool:
        """Whether this change was not seen before; it is from now on."""
        key = (alert_id, revision)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True
