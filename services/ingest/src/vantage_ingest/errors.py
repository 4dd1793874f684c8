"""The errors of ingest.

    VantageError (vantage)
    ├── StreamEnded           reading a camera came to its end; `cause` names why, `meaning` what to do
    ├── SpoolUnavailable      the local disk does not take more: recording is tried again, live video goes on
    ├── ChannelClosed         the supervisor or the worker at the other end is gone
    └── ProbeFailed           a camera could not be asked by ONVIF (onvif/errors.py)
    ValueError, in domain/
    ├── BadAddress            not a camera's address (vantage.camera_address)
    ├── BadCredential         the credential's name or content cannot be used
    ├── Truncated             a parameter set ends early
    └── UnreadableParameters  no initialisation segment can be made of what the camera says

A camera's fault never leaves the camera's own thread: it becomes a status, a line in the log and the cause of a gap.
"""

from vantage.contracts.recording import GapCause
from vantage.errors import VantageError
from vantage_ingest.domain.ends import MEANINGS, EndCause, Meaning


class StreamEnded(VantageError):
    """Reading a camera came to its end. `detail` never holds a password."""

    def __init__(self, cause: EndCause, detail: str = "") -> None:
        meaning = MEANINGS[cause]
        super().__init__(f"{meaning.happened} ({detail})" if detail else meaning.happened)
        self.cause = cause
        self.detail = detail
        self.meaning: Meaning = meaning


class SpoolUnavailable(VantageError):
    """The local disk does not take more. `cause` is that of the gap: `spool-full` or `disk-failed`."""

    def __init__(self, message: str, cause: GapCause = "spool-full") -> None:
        super().__init__(message)
        self.cause: GapCause = cause


class ChannelClosed(VantageError):
    """The process at the other end of the channel is gone."""
