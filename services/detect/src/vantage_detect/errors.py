"""The errors of detect.

    StartupError (vantage)
    └── NoModel               a network's file is missing, or is no network of the kind that detect runs
    Retryable (vantage)
    └── Stopping              detect was told to stop within a batch: nothing of it was said, it is looked at again
    VantageError (vantage)
    └── Unusable              a fragment can never be looked at: its bytes are not what its message says, or no video

What the SDK's parts raise passes through: Retryable keeps the batch, and a pack that is gone (ObjectMissing) is no
error here: live packs expire by design, so its frames are counted as skipped.
"""

from vantage.errors import Retryable, StartupError, VantageError


class NoModel(StartupError):
    """A network's file is missing, or is no network of the kind that detect runs."""


class Stopping(Retryable):
    """Detect was told to stop within a batch; the loop gives the batch up and commits nothing of it."""


class Unusable(VantageError):
    """A fragment can never be looked at; the handler makes a dead letter of its message."""
