"""Whether a replica may still speak for its cameras: the group's word that it is a member, and how old that is."""


class Lease:
    """Holds while the broker confirmed the membership within `timeout_s`, the group's session time-out. A replica
    without it is *fenced*: another may own its cameras, so it records on and says nothing.

    Times are seconds that never run backwards, of the moment at which the broker was *asked*.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._proof: float | None = None

    def proved(self, asked_at: float) -> None:
        """The broker took this replica for a member when it was asked then, or later."""
        self._proof = asked_at if self._proof is None else max(self._proof, asked_at)

    def lost(self) -> None:
        """The membership ended: what was proved before counts no more."""
        self._proof = None

    def fenced(self, now: float) -> bool:
        """Whether another replica may own the cameras by now."""
        return self._proof is None or now - self._proof > self._timeout_s
