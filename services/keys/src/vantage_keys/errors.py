"""The errors of the custodian.

StartupError (vantage)
├── MasterUnusable        the master key's file, or what is wrapped under another one
├── CallersUnusable       the folder of the callers' tokens
├── NotPrivate            keys would cross a network in the clear
└── PortTaken             another program listens there
VantageError (vantage)
└── Refused               an answer over HTTP, with its status
    ├── NotAKey           400  no such id is possible
    ├── UnknownCaller     401  no token is the one that was shown
    ├── NotAllowed        403  the table does not let this caller
    ├── NoSuchKey         404  it was never made
    ├── TooEarly          409  the day that it encrypts is not over
    ├── Gone              410  it was destroyed, for ever
    ├── KeyDamaged        500  the folder does not give it
    └── Unrecorded        503  the audit log, or the folder, cannot be written now: nothing is given out
"""

from vantage.errors import StartupError, VantageError


class MasterUnusable(StartupError):
    """The master key cannot be used."""


class CallersUnusable(StartupError):
    """The callers' tokens cannot be used."""


class NotPrivate(StartupError):
    """Keys would cross a network in the clear."""


class PortTaken(StartupError):
    """Another program listens on the custodian's port."""


class Refused(VantageError):
    """No key, or no destruction, and why. The message is shown to the caller."""

    status = 500
    title = "the custodian has a fault"


class NotAKey(Refused):
    """No such id is possible."""

    status = 400
    title = "no such key id"


class UnknownCaller(Refused):
    """No token is the one that was shown."""

    status = 401
    title = "unknown caller"


class NotAllowed(Refused):
    """The table does not let this caller."""

    status = 403
    title = "not allowed"


class NoSuchKey(Refused):
    """It was never made."""

    status = 404
    title = "no such key"


class TooEarly(Refused):
    """The day that the key encrypts is not over."""

    status = 409
    title = "too early"


class Gone(Refused):
    """The key was destroyed, for ever."""

    status = 410
    title = "the key was destroyed"


class KeyDamaged(Refused):
    """The folder does not give the key as it was put there."""

    title = "the key is damaged"


class Unrecorded(Refused):
    """What must be written first cannot be: nothing is given out."""

    status = 503
    title = "it cannot be recorded now"
