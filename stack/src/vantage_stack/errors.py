"""The errors of the stack, and what each asks of the one who meets it.

VantageError (vantage)
└── StackError
    ├── FetchFailed       a third-party program could not be brought into the cache
    │   └── PinBroken         what came is not what the lock names: nothing of it was kept
    ├── PortTaken         another program listens on a port that was asked for
    ├── NoRoom            the disk is too full to start
    ├── SignInRefused     the provider gives no token to that account or client
    ├── DemoFailed        the demo did not see what it was to show
    └── PartFailed        a part did not become ready, or ended while it was needed
"""

from vantage.errors import VantageError


class StackError(VantageError):
    """The root: the stack cannot do what it was asked."""


class FetchFailed(StackError):
    """A third-party program could not be brought into the cache; running the fetch again is safe."""


class PinBroken(FetchFailed):
    """What came is not what the lock names: nothing of it was kept."""


class PortTaken(StackError):
    """Another program listens on a port that was asked for by number."""


class NoRoom(StackError):
    """The disk is too full to start."""


class SignInRefused(StackError):
    """The provider gives no token: a wrong password, or a client or account that it does not know."""


class PartFailed(StackError):
    """A part did not become ready, or ended while it was needed; the message ends with its log's last lines."""


class DemoFailed(StackError):
    """The demo did not see what it was to show; the message says what, and where the logs are."""
