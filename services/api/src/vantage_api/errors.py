"""The errors of api.

    StartupError (vantage)
    ├── PortTaken             the gateway cannot listen where it is told to
    └── NoConsole             the folder of the console's files is not there
    VantageError (vantage)
    ├── Refusal               an answer to a caller: status, title, detail, as RFC 9457 wants them
    │   ├── Unauthenticated       401: no token, or one that does not hold
    │   ├── Forbidden             403: the decision was no
    │   ├── NotThere              404: no such camera, alert, view or segment
    │   ├── Gone                  410: it was there, and is over
    │   ├── Malformed             400: a value that is none of ours
    │   └── Unprocessable         422: values that do not fit together
    └── PartDied              a part of this process that must run has ended: stop, and be started again
    Retryable (vantage)       503 to the caller
    ├── AuditUnavailable      the decision cannot be recorded, so nothing is served
    ├── ProviderUnavailable   the sign-in provider's keys cannot be had
    ├── IndexMissing          another service's view is not in the database yet
    ├── NotFollowing          a topic is not being read yet
    ├── Overloaded            the queue of this kind of work is full
    └── Damaged               stored bytes are not those that were announced

What a Retryable says goes to the log and to the readiness; the caller is told which part is away, not where it lives.
"""

from collections.abc import Mapping

from vantage.errors import Retryable, StartupError, VantageError


class PortTaken(StartupError):
    """The gateway cannot listen where it is told to."""


class NoConsole(StartupError):
    """The folder of the console's files is not there."""


class PartDied(VantageError):
    """A part of this process that must run has ended."""


class Refusal(VantageError):
    """An answer to a caller. `more` are further members of the problem, `headers` further headers."""

    status = 500
    title = "Error"

    def __init__(
        self, detail: str, *, more: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.more = dict(more or {})
        self.headers = dict(headers or {})


class Unauthenticated(Refusal):
    """No token, or one that does not hold."""

    status, title = 401, "Sign-in needed"

    def __init__(self, detail: str, *, token_given: bool = True) -> None:
        quoted = detail.replace("\\", "'").replace('"', "'").encode("ascii", "replace").decode()
        error = f', error="invalid_token", error_description="{quoted}"' if token_given else ""
        super().__init__(detail, headers={"WWW-Authenticate": f'Bearer realm="vantage"{error}'})


class Forbidden(Refusal):
    """The decision was no."""

    status, title = 403, "Not allowed"

    def __init__(self, detail: str) -> None:
        challenge = 'Bearer realm="vantage", error="insufficient_scope"'
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class NotThere(Refusal):
    """No such camera, alert, view or segment."""

    status, title = 404, "Not found"


class Gone(Refusal):
    """It was there, and is over."""

    status, title = 410, "Gone"


class Malformed(Refusal):
    """A value that is none of ours."""

    status, title = 400, "Malformed request"


class Unprocessable(Refusal):
    """Values that do not fit together."""

    status, title = 422, "Unfit values"


class AuditUnavailable(Retryable):
    """The decision cannot be recorded, so nothing is served."""


class ProviderUnavailable(Retryable):
    """The sign-in provider's keys cannot be had."""


class IndexMissing(Retryable):
    """Another service's view is not in the database yet."""


class NotFollowing(Retryable):
    """A topic is not being read yet."""


class Overloaded(Retryable):
    """The queue of this kind of work is full."""


class Damaged(Retryable):
    """Stored bytes are not those that were announced."""
