"""A stream's time: RTP's 32-bit time stamps as ticks that do not wrap, tied to the camera's clock."""

from vantage_ingest.domain.rtcp import SenderReport

_WRAP, _HALF = 1 << 32, 1 << 31


class RtpClock:
    """The time of the picture that is coming in. Ticks begin one wrap high, so that no earlier picture is below 0."""

    def __init__(self) -> None:
        self.stamp = -1
        """The time stamp as it stands in the packets; -1 before the first."""
        self.pts = 0
        """The same in ticks, unwrapped."""
        self._tie: int | None = None

    def begin(self, stamp: int, elapsed_us: int) -> None:
        """A source begins. Its time stamps say nothing about those before: our clock says what lies between."""
        self.pts = _WRAP + stamp if self.stamp < 0 else self.pts + max(1, elapsed_us * 9 // 100)
        self.stamp = stamp
        self._tie = None

    def advance(self, stamp: int) -> None:
        """The next picture's time stamp, which may be earlier: pictures come in the order of decoding."""
        ahead = stamp - self.stamp & 0xFFFFFFFF
        self.pts += ahead if ahead < _HALF else ahead - _WRAP
        self.stamp = stamp
        if self.pts < 0:
            self.pts += _WRAP

    def tie(self, report: SenderReport) -> None:
        """Believe the camera's word for what time it is; a report without a clock unties."""
        ahead = (report.stamp - self.stamp + _HALF & 0xFFFFFFFF) - _HALF
        utc_us = report.utc_us
        self._tie = None if utc_us is None else utc_us - (self.pts + ahead) * 100 // 9

    def captured_us(self) -> int | None:
        """The camera's clock at this picture, UTC microseconds."""
        return None if self._tie is None else self._tie + self.pts * 100 // 9
