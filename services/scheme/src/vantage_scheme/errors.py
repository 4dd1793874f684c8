"""The errors of scheme.

    StartupError (vantage)
    └── NoFile                a file that scheme is told to publish cannot be read at the start
    VantageError (vantage)
    └── Unreadable            a file cannot be parsed at all; what is published stays
    Retryable (vantage)
    └── RegisterNotReady      the published state has not been read yet

Faults *in* a file are no exceptions: each is a `Problem`, reported with its line, and the rest of the file goes on.
"""

from vantage.errors import Retryable, StartupError, VantageError
from vantage_scheme.domain.problem import Problem


class NoFile(StartupError):
    """A file that scheme is told to publish cannot be read at the start."""


class Unreadable(VantageError):
    """A file cannot be parsed at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class RegisterNotReady(Retryable):
    """The published state has not been read yet: nothing may be compared with it."""
