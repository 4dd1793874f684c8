"""What the routes are given: the gateway's parts, put together in `main`."""

from dataclasses import dataclass

from vantage.clock import Clock
from vantage_api.doorkeeper import Doorkeeper
from vantage_api.feed import Feed
from vantage_api.ports import AlertIndex, Cameras, Tokens
from vantage_api.settings import ApiSettings
from vantage_api.threads import Threads
from vantage_api.viewing import Viewing


@dataclass(frozen=True)
class Work:
    """The threads beside the event loop, by kind of work."""

    sign_in: Threads
    index: Threads
    store: Threads
    resume: Threads

    @classmethod
    def of(cls, connections: int) -> "Work":
        """As many for the database as it lends connections; so many callers may wait for each kind."""
        return cls(
            sign_in=Threads("sign-in", 4, 500),
            index=Threads("index", connections, 500),
            store=Threads("store", 16, 500),
            resume=Threads("resume", 4, 5_000),
        )

    def stop(self) -> None:
        """Take no more work."""
        for threads in (self.sign_in, self.index, self.store, self.resume):
            threads.stop()


@dataclass(frozen=True)
class Gateway:
    """The parts that answer requests."""

    settings: ApiSettings
    clock: Clock
    tokens: Tokens
    doorkeeper: Doorkeeper
    cameras: Cameras
    alerts: AlertIndex
    feed: Feed
    viewing: Viewing
    work: Work
