"""How well the packets of one source arrive: what a receiver report says (RFC 3550, 6.4.1, A.3 and A.8)."""

from vantage_ingest.domain.rtcp import ReportBlock, SenderReport, receiver_report


class Reception:
    """Numbers, losses and jitter since a source began. A turn of the loop is its clock, so jitter is coarse."""

    def __init__(self) -> None:
        self.lost = 0
        """Packets known to be missing, over all sources."""
        self._source: int | None = None
        self._base = self._highest = 0
        self._lost_before = 0
        self._transit: int | None = None
        self._jitter = 0
        self._reported = (0, 0)
        self._heard: tuple[int, int] | None = None

    def begin(self, source: int, sequence: int) -> None:
        """A source begins with this number, or begins anew."""
        self._source = source
        self._base = self._highest = sequence
        self._lost_before = self.lost
        self._transit, self._jitter = None, 0
        self._reported = (0, 0)
        self._heard = None

    def arrived(self, following: int, pts: int, arrived_us: int) -> None:
        """A picture of this time (ticks) is here, and all numbers before `following` (16 bits): called for one picture
        a read, so it sees each wrap. Jitter is estimated as in RFC 3550, A.8, in sixteenths of a tick.
        """
        self._highest += following - 1 - self._highest & 0xFFFF
        transit = arrived_us * 9 // 100 - pts
        if self._transit is not None:
            self._jitter += abs(transit - self._transit) - (self._jitter + 8 >> 4)
        self._transit = transit

    def heard(self, report: SenderReport, arrived_us: int) -> None:
        """The source's own report came."""
        self._heard = (report.ntp >> 16 & 0xFFFFFFFF, arrived_us)

    def report(self, reporter: int, now_us: int) -> bytes:
        """The receiver report to send now; it closes the interval that `fraction lost` is about."""
        if self._source is None:
            return receiver_report(reporter, None)
        expected, lost = self._highest - self._base + 1, self.lost - self._lost_before
        before_expected, before_lost = self._reported
        self._reported = (expected, lost)
        owed, missing = expected - before_expected, lost - before_lost
        fraction = min(255, (missing << 8) // owed) if owed > 0 and missing > 0 else 0
        last, at = self._heard or (0, now_us)
        delay = max(0, now_us - at) * 65536 // 1_000_000
        block = ReportBlock(self._source, fraction, lost, self._highest, self._jitter >> 4, last, delay)
        return receiver_report(reporter, block)
