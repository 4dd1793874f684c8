"""A stream's time: RTP's 32-bit time stamps as ticks that do not wrap, tied to the camera's clock."""

from vantage_ingest.domain.rtcp import SenderReport

_WRAP = 1 << 32


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
        pts = self.pts + self._from_here(stamp)
        if pts < 0:
            pts += _WRAP
        self.pts = pts
        self.stamp = stamp

    def tie(self, report: SenderReport) -> None:
        """Believe the camera's word for what time it is; a report without a clock unties."""
        utc_us = report.utc_us
        self._tie = None if utc_us is None else utc_us - (self.pts + self._from_here(report.stamp)) * 100 // 9

    @property
    def captured_us(self) -> int | None:
        """The camera's clock at this picture, UTC microseconds."""
        return None if self._tie is None else self._tie + self.pts * 100 // 9

    def _from_here(self, stamp: int) -> int:
        ahead = stamp - self.stamp & 0xFFFFFFFF
        return ahead - _WRAP if ahead >> 31 else ahead
