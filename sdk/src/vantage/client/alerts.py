"""The alert stream as one endless loop: it resumes after a break where it was, and gives each change once."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import structlog

from vantage.client.events import EventParser, ServerEvent
from vantage.client.gateway import Gateway, GatewayUnavailable
from vantage.contracts import AlertEvent, decode

_log = structlog.get_logger()
_PATH = "/v1/alerts/stream"
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 10.0
_REMEMBERED = 10_000


@dataclass(frozen=True)
class StreamedAlert:
    """One change of an alert, and the cursor to resume after it."""

    cursor: str
    event: AlertEvent


class AlertStream:
    """Follows the alerts of a cell. `after` is the cursor of the last change that was handled; without one the stream
    begins with the next change.
    """

    def __init__(self, gateway: Gateway, *, after: str = "", stop: threading.Event | None = None) -> None:
        self._gateway = gateway
        self._cursor = after
        self._stop = stop or threading.Event()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._random = Random()  # noqa: S311
        self.connected = threading.Event()
        """Set while the stream is open, for those who must not miss what they are about to cause."""

    def __iter__(self) -> Iterator[StreamedAlert]:
        """Each change once, for ever (or until `stop`). Raises GatewayRefused where the gateway says no for good."""
        wait = _FIRST_WAIT_S
        while not self._stop.is_set():
            try:
                for alert in self._connection():
                    wait = _FIRST_WAIT_S
                    yield alert
            except GatewayUnavailable as error:
                if self._stop.is_set():
                    return
                _log.warning("the alert stream is away, trying again", reason=str(error), wait_s=round(wait, 1))
            self.connected.clear()
            self._stop.wait(wait * self._random.uniform(0.5, 1))
            wait = min(_LONGEST_WAIT_S, wait * 2)

    def _connection(self) -> Iterator[StreamedAlert]:
        headers = {"Last-Event-ID": self._cursor} if self._cursor else {}
        parser = EventParser(self._cursor)
        with self._gateway.stream(_PATH, headers) as lines:
            self.connected.set()
            for line in lines:
                if self._stop.is_set():
                    return
                found = parser.feed(line)
                alert = None if found is None else self._take(found)
                if not line:  # an event has ended, if only one that says where the stream is
                    self._cursor = parser.id
                if alert is not None:
                    yield alert

    def _take(self, found: ServerEvent) -> StreamedAlert | None:
        event = decode("alerts.v1", found.data.encode())
        if not isinstance(event, AlertEvent):  # the contract of the topic says that it is
            raise TypeError(type(event).__name__)
        if self._seen.get(event.alert_id, 0) >= event.revision:
            return None
        self._seen[event.alert_id] = event.revision
        self._seen.move_to_end(event.alert_id)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return StreamedAlert(found.id, event)
