"""What a camera's TCP connection carries, taken apart: RTP packets in interleaved frames (RFC 2326, section 10.12), and
RTSP messages between them.

The loop over the frames runs some ten thousand times a second, so it is written for speed; everything else is rare.
"""

from dataclasses import replace

from vantage_ingest.domain.rtsp_message import HEADER_LIMIT, BadMessage, Message, parsed

Span = tuple[int, int]
_DOLLAR = 0x24
_BLANK_LINE = b"\r\n\r\n"
_LINE_END = b"\r\n"
_LONGEST_METHOD = 32
MOST_MESSAGES = 64
"""In one read; a camera that sends more keeps the loop from the others."""
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


class Wire:
    """Splits what was read. `rest` is the begin of a frame or message whose end has not come; never longer than one.

    What is not a packet of `channel` is kept beside: messages, spans of RTCP packets of `report_channel`, and the fault
    after which nothing could be told apart any more. Whoever calls takes it from there after each call.
    """

    __slots__ = ("channel", "fault", "messages", "report_channel", "reports", "rest")

    def __init__(self) -> None:
        self.rest = b""
        self.channel = -1
        self.report_channel = -1
        self.reports: list[Span] = []
        self.messages: list[Message] = []
        self.fault = ""

    def split(self, data: bytes) -> list[Span]:
        """Take apart `data`, which begins with the `rest` of before; gives the spans of the packets."""
        spans: list[Span] = []
        append = spans.append
        channel = self.channel
        at = 0
        size = len(data)
        while size - at >= 4:
            if data[at] == _DOLLAR:
                begin = at + 4
                end = begin + (data[at + 2] << 8 | data[at + 3])
                if end > size:
                    break
                if data[at + 1] == channel:
                    append((begin, end))
                elif data[at + 1] == self.report_channel:
                    self.reports.append((begin, end))
                at = end
            else:
                end = self._message(data, at)
                if end < 0:
                    break
                at = end
        self.rest = data[at:]
        return spans

    def _message(self, data: bytes, at: int) -> int:
        """Where the message at `at` ends; -1 where its end has not come or there is none."""
        try:
            return _read(data, at, self.messages)
        except BadMessage as error:
            self.fault = str(error)
            return -1


def _read(data: bytes, at: int, messages: list[Message]) -> int:
    if data[at] in _LINE_END:  # some cameras send one more than they should
        return len(data) - len(data[at:].lstrip(_LINE_END))
    if len(messages) >= MOST_MESSAGES:
        msg = "it sends messages without end"
        raise BadMessage(msg)
    _plausible(data[at : at + _LONGEST_METHOD])
    head = data.find(_BLANK_LINE, at, at + HEADER_LIMIT)
    if head < 0:
        if len(data) - at >= HEADER_LIMIT:
            msg = f"a header of more than {HEADER_LIMIT} bytes"
            raise BadMessage(msg)
        return -1
    message = parsed(data[at:head])
    body = head + len(_BLANK_LINE)
    end = body + message.headers.length
    if end > len(data):
        return -1
    messages.append(replace(message, body=data[body:end]))
    return end


def _plausible(begin: bytes) -> None:
    """Whether a message may begin so: with RTSP/ or a method, and a blank or slash after it. Raises BadMessage."""
    for number in begin:
        if number in b" /":
            return
        if number not in _LETTERS:
            break
    else:
        if len(begin) < _LONGEST_METHOD:
            return
    msg = "what it sends is neither RTSP nor a packet"
    raise BadMessage(msg)
