"""Server-Sent Events (WHATWG HTML, section 9.2), as far as a stream of alerts needs them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServerEvent:
    """One whole event; `id` is the last one that the stream gave."""

    id: str
    event: str
    data: str


@dataclass
class EventParser:
    """Lines in, whole events out."""

    id: str = ""
    _event: str = "message"
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> ServerEvent | None:
        """Take one line without its end; the event that it completes, or None."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self.id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        whole = ServerEvent(self.id, self._event, "\n".join(self._data)) if self._data else None
        self._event, self._data = "message", []
        return whole
