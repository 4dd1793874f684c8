"""What a worker tells its supervisor: signs of life, conditions, figures. A supervisor that does not listen costs
nothing but that it hears the newest later.
"""

from collections.abc import Callable, Mapping

from vantage import metrics as sdk_metrics
from vantage.clock import Clock
from vantage_ingest import metrics, sums
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.channel import Channel
from vantage_ingest.conditions import Conditions
from vantage_ingest.errors import ChannelClosed
from vantage_ingest.orders import Beat, Figures, News, Order

_LOOK_S = 0.1
_BEAT_S = 1.0
_FIGURES_S = 2.0


class Reporter:
    """Reports from the loop's thread. `waiting` gives what the worker waits for, `spooled` the bytes of its spool."""

    def __init__(
        self,
        channel: Channel[Order],
        conditions: Conditions,
        loop: Loop,
        clock: Clock,
        *,
        waiting: Callable[[], Mapping[str, str]],
        spooled: Callable[[], int],
    ) -> None:
        self._channel = channel
        self._conditions = conditions
        self._loop = loop
        self._clock = clock
        self._waiting = waiting
        self._spooled = spooled
        self._unhandled: dict[str, str] = {}
        self._beat_at = self._figures_at = 0.0

    def start(self) -> None:
        """Report from now on."""
        self._turn()

    def unhandled(self, camera_id: str, detail: str) -> None:
        """The camera needs the other reader."""
        self._unhandled[camera_id] = detail

    def _turn(self) -> None:
        self._loop.call_later(_LOOK_S, self._turn)
        try:
            self._channel.flush()
            if self._channel.idle:
                self._report(self._clock.monotonic())
        except ChannelClosed:
            self._loop.stop()

    def _report(self, now: float) -> None:
        if now >= self._beat_at:
            self._beat_at = now + _BEAT_S
            self._channel.send(Beat(lag=self._loop.lag, spooled=self._spooled(), waiting=dict(self._waiting())))
        conditions = self._conditions.take()
        if conditions or self._unhandled:
            self._channel.send(News(conditions=conditions, unhandled=self._unhandled))
            self._unhandled = {}
        if now >= self._figures_at:
            self._figures_at = now + _FIGURES_S
            self._channel.send(Figures(samples=list(sums.samples(metrics, sdk_metrics))))
