"""Capture of the frame that caused an alert -> the alert received by a subscriber, with four cameras on real parts.

The cameras' sender reports give the capture time; cameras and subscriber read one clock. Each camera has several rules,
so that the clip's ten seconds raise several alerts. The reference is the camera's own keyframe interval: no alert can
be faster than the rest of its fragment, which stands first among the hops.
"""

import os
import time

from vantage.client import StreamedAlert
from vantage.clock import SystemClock
from vantage_bench.hops import HOPS, Received, hops, written
from vantage_bench.report import Figure, percentile, report
from vantage_stack.control_room import Subscriber, gateway_of
from vantage_stack.street import Intrusion
from vantage_stack.thread import Thread, thread
from vantage_stack.thread_log import read_thread

CAMERAS = 4
WANTED = int(os.environ.get("VANTAGE_BENCH_ALERTS", "200"))
_WARM_UP_S = 15.0
_LONGEST_S = 900.0
_GOAL_P50_S, _GOAL_P99_S = 1.5, 3.0
RULES = tuple(
    Intrusion(f"{zone}-{label}", zone, (label,), "0ms")
    for zone in ("crossing", "kerb")
    for label in ("person", "bicycle", "car")
)


class Taken:
    """What came on the stream, each with when it came."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.raised: list[Received] = []

    def __call__(self, alert: StreamedAlert) -> None:
        """Take one change; only an alert that is raised is counted."""
        if alert.event.change == "raised":
            self.raised.append(Received(alert.event, self._clock.now_us()))


def main() -> None:
    """Run it and print the figures."""
    with thread("bench-glass", CAMERAS, rules=RULES) as running:
        received = _collect(running)
        log = read_thread(running.stack.kafka.bootstrap)
    trail = written(log.fragments, log.detections, log.findings, log.alerts)
    rows = [found for one in received if (found := hops(one, trail)) is not None]
    whole = [(one.at - one.event.evidence.at) / 1e6 for one in received]
    figures = {
        "alerts": Figure(value=len(received), unit="alerts", goal=WANTED, better="higher"),
        "p50": Figure(value=percentile(whole, 0.5), unit="s", goal=_GOAL_P50_S),
        "p99": Figure(value=percentile(whole, 0.99), unit="s", goal=_GOAL_P99_S),
    }
    for name, values in zip(HOPS, zip(*rows, strict=True), strict=True):
        figures[f"{name}, p50"] = Figure(value=percentile(list(values), 0.5), unit="s")
        figures[f"{name}, p99"] = Figure(value=percentile(list(values), 0.99), unit="s")
    figures["alerts whose way is known"] = Figure(value=len(rows), unit="alerts", goal=len(received), better="higher")
    report("glass", figures)


def _collect(running: Thread) -> list[Received]:
    """At least WANTED alerts, from when everything has run for a while."""
    taken = Taken()
    with gateway_of(running.stack) as gateway:
        subscriber = Subscriber(gateway, taken)
        time.sleep(_WARM_UP_S)
        began, end = SystemClock().now_us(), time.monotonic() + _LONGEST_S
        while len(measured := [one for one in taken.raised if one.event.evidence.at >= began]) < WANTED:
            running.services.check()
            if subscriber.failure is not None:
                raise subscriber.failure
            if time.monotonic() > end:
                break
            time.sleep(1)
        subscriber.stop()
    return measured


if __name__ == "__main__":
    main()
