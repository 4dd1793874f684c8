"""The work on a batch of fragments: look, then follow, then say. Nothing changes before all of it was looked at."""

from collections.abc import Iterable, Sequence

from vantage.contracts import Fragment
from vantage.stream import Handler, Outgoing, Received
from vantage_detect.following import Following
from vantage_detect.looker import Looker


class DetectHandler(Handler[Fragment]):
    """Gives each fragment its message in `detections.v1`, and each track that ends its own in `tracks.v1`."""

    def __init__(self, looker: Looker, following: Following) -> None:
        self._looker = looker
        self._following = following

    def handle(self, batch: Sequence[Received[Fragment]]) -> Iterable[Outgoing]:
        """Look at what is new, follow it in order, answer the whole batch. Raises Poison and Retryable."""
        outcomes = self._looker.look(self._following.unanswered(batch), self._following.last())
        return self._following.answer(batch, outcomes)

    def idle(self) -> Iterable[Outgoing]:
        """The tracks of cameras that went quiet end."""
        return self._following.end_quiet()

    def assigned(self, topic: str, partitions: Sequence[int]) -> None:  # noqa: ARG002
        """These partitions' cameras are looked at here now."""
        self._following.own(partitions)

    def revoked(self, topic: str, partitions: Sequence[int]) -> Iterable[Outgoing]:  # noqa: ARG002
        """Another replica looks at these partitions' cameras now; their tracks end here."""
        return self._following.let_go(partitions)
