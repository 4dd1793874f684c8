"""What faust and its client say, as lines of the service's own log."""

import logging

import structlog

_log = structlog.get_logger()
_QUIET_S = 10.0


class _ToStructlog(logging.Handler):
    """One line in the service's own log for what a library says, and the same no more for a while: a client that is
    cut off says so many times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log it without its traceback, whose last line says what is wrong."""
        if record.created - self._said.get(str(record.msg), 0) < _QUIET_S:
            return
        self._said[str(record.msg)] = record.created
        reason = f": {record.exc_info[1]!r}" if record.exc_info and record.exc_info[1] else ""
        _log.warning(record.getMessage().strip().splitlines()[0] + reason, library=record.name)


def calm_logs() -> None:
    """Let faust and its client speak through the service's log, and only of what is wrong."""
    handler = _ToStructlog()
    for name, level in (("faust", logging.WARNING), ("mode", logging.WARNING), ("aiokafka", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
