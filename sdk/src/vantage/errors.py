"""The errors of the SDK, and what each asks of the one who meets it.

VantageError
├── StartupError          the service cannot begin: one clear line, exit 78 or 69
├── Retryable             the same call may succeed later: keep the work and try again
│   ├── BrokerUnavailable     the event log
│   └── StoreUnavailable      the object store
│       └── KeysUnavailable       the custodian of the keys that it is given
├── Poison                this one message can never be handled: dead-letter it
├── DeadLetterLimit       too many messages fail: the deployment is wrong, stop
├── PublishFailed         the broker refused a message for good
│   └── MessageRefused        because of the message itself: too large
├── Fenced                another process consumes under this replica's name: stop
├── ObjectMissing         the object, or that range of it, is not there
│   └── KeyDestroyed          it is there, and nobody can read it again: its key was destroyed
├── ContentMismatch       the object store received other bytes than those whose digest it was told
├── ContentUnreadable     the file that was to become an object cannot be read
├── TrailerMalformed      bytes that should be a recording's digests of fragments are not
└── StoreRefused          the object store does not allow it
"""


class VantageError(Exception):
    """The root: every error that Vantage raises on purpose."""


class StartupError(VantageError):
    """The service cannot begin. `exit_code` is 78 for a wrong setting and 69 for a missing part (sysexits.h)."""

    exit_code = 78


class Retryable(VantageError):
    """The same call may succeed later; nothing was lost."""


class BrokerUnavailable(Retryable):
    """The event log cannot be reached or is not ready."""


class StoreUnavailable(Retryable):
    """The object store cannot be reached or is not ready."""


class KeysUnavailable(StoreUnavailable):
    """The custodian of keys cannot be reached, or cannot record the use now: nothing is encrypted or decrypted."""


class DeadLetterLimit(VantageError):
    """So many messages fail that the fault is in the service, not in the messages."""


class PublishFailed(VantageError):
    """The broker refused a message for good."""


class MessageRefused(PublishFailed):
    """A message can never be written because of what it is; others can."""


class Fenced(VantageError):
    """Another process consumes under this replica's name."""


class ObjectMissing(VantageError):
    """The object, or the range that was asked for, is not in the store."""


class KeyDestroyed(ObjectMissing):
    """The key of the object was destroyed: its bytes are there and nobody can read them, now or later."""


class ContentMismatch(VantageError):
    """The object store received other bytes than those whose digest it was told, and keeps nothing."""


class ContentUnreadable(VantageError):
    """The file that was to become an object cannot be read, or is shorter than was said; nothing was written."""


class TrailerMalformed(VantageError):
    """Bytes that should hold the digests of a recording's fragments do not."""


class StoreRefused(VantageError):
    """The object store does not allow the call."""
