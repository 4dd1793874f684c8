"""The errors of storage.

    StartupError (vantage)
    └── SchemaMismatch (vantage.postgres)   code and schema are not one history
    Retryable (vantage)
    ├── DatabaseUnavailable (vantage.postgres)  PostgreSQL is away: the batch is kept
    ├── DayMissing            a day's tables went away while rows were written: make them and try again
    ├── Stopped               a check was told to stop before its end
    └── DayBusy               a day's tables are read or written and cannot be dropped now
    VantageError (vantage)
    ├── Refused               a command that is not done: its code, its HTTP status and what to do
    └── Contradiction         a recording is announced with other bytes than those indexed under its id

A message that contradicts itself is no exception of storage's own: `vantage.stream.Poison` says why.
"""

from vantage.errors import Retryable, VantageError


class DayMissing(Retryable):
    """The tables of a day were dropped after they were seen."""


class DayBusy(Retryable):
    """Somebody reads or writes the index for so long that a day's tables cannot be dropped now."""


class Stopped(Retryable):
    """The check was told to stop before its end: what it did not find says nothing."""


class Contradiction(VantageError):
    """The recording at `position` of those written has another digest than the one that is kept."""

    def __init__(self, position: int, kept: str) -> None:
        super().__init__(f"recording {position} of the batch is indexed with SHA-256 {kept}")
        self.position = position
        self.kept = kept


class Refused(VantageError):
    """A command that is not done. `code` stays the same from release to release; the text says value and remedy."""

    def __init__(self, code: str, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
