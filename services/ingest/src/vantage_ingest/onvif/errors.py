"""The errors of probing.

VantageError (vantage)
└── ProbeFailed     the camera could not be asked; the message says why and what to do, and holds no password
    └── NoAnswer    one question was not answered as ONVIF says
"""

from vantage.errors import VantageError


class ProbeFailed(VantageError):
    """The camera could not be asked."""


class NoAnswer(ProbeFailed):
    """One question was not answered as ONVIF says."""
