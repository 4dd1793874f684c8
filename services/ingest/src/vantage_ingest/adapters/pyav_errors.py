"""FFmpeg's errors as named causes. FFmpeg's own text holds the url with its password: none of it is passed on."""

from av.error import ConnectionRefusedError as AvConnectionRefused
from av.error import (
    ExitError,
    FFmpegError,
    HTTPError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    InvalidDataError,
)
from av.error import OSError as AvOSError
from av.error import TimeoutError as AvTimeout

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_NEARLY = 0.9
_ANSWERS: tuple[tuple[type[FFmpegError], EndCause, str], ...] = (
    (HTTPUnauthorizedError, EndCause.REFUSED, "401"),
    (HTTPForbiddenError, EndCause.REFUSED, "403"),
    (HTTPNotFoundError, EndCause.NO_SUCH_STREAM, "404"),
    (HTTPError, EndCause.NOT_PLAYED, ""),  # also what a stream without video comes to: nothing was set up to play
    (AvConnectionRefused, EndCause.UNREACHABLE, "connection refused"),
)
_OTHERS: dict[type[FFmpegError], EndCause] = {
    InvalidDataError: EndCause.SILENT,
    AvOSError: EndCause.UNREACHABLE,
}


def opening_failed(error: FFmpegError, waited: float, patience: float) -> StreamEnded:
    """Why a camera could not be opened, after `waited` seconds where each step may take `patience`."""
    for kind, cause, detail in _ANSWERS:
        if isinstance(error, kind):
            return StreamEnded(cause, detail or _name(error))
    if isinstance(error, (ExitError, AvTimeout)) or waited >= patience * _NEARLY:
        return StreamEnded(EndCause.UNREACHABLE, f"no answer within {patience:g} s")
    cause = next((cause for kind, cause in _OTHERS.items() if isinstance(error, kind)), EndCause.FAILED)
    return StreamEnded(cause, _name(error))


def reading_failed(error: FFmpegError, patience: float) -> StreamEnded:
    """Why a stream that was open ended, where nothing may be read for `patience` seconds."""
    if isinstance(error, (ExitError, AvTimeout)):
        return StreamEnded(EndCause.STALLED, f"nothing for {patience:g} s")
    return StreamEnded(EndCause.ENDED, _name(error))


def _name(error: FFmpegError) -> str:
    """FFmpeg's own words without the url."""
    return (error.strerror or type(error).__name__).lower()
