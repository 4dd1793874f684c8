"""The chore `ledger`: counts again what has changed, and tells of seconds that are missing without a cause.

A day is counted again for all cameras while it lasts and until it can be judged to its end, and later for each camera
of which something late came in: a spool, a state, a status, a verdict of the rescue.
"""

from collections.abc import Iterator

import structlog

from vantage.contracts import Finding
from vantage.contracts.finding import Evidence
from vantage.ids import finding_id
from vantage_storage import metrics
from vantage_storage.adapters.alarm_book import AlarmBook
from vantage_storage.adapters.ledger_book import LedgerBook
from vantage_storage.chores import Chore
from vantage_storage.domain.alarm import RULE_ID, RULE_VERSION, Alarm
from vantage_storage.domain.day import DAY_US, bounds_us, compact, day_of
from vantage_storage.domain.ledger import settle
from vantage_storage.history import History
from vantage_storage.parts import Parts
from vantage_storage.rescue import Rescue

_log = structlog.get_logger()

STALL_US = 3_600_000_000
"""While nothing of any camera arrives, gaps are judged so much later: that is one fault, of store or event log, which
has alarms of its own, and not one fault a camera.
"""
_LONGEST_AWAY_DAYS = 40
_UNEXPLAINED_DAYS = 31


def ledger_chores(parts: Parts) -> list[Chore]:
    """What the ledger does by itself."""
    history = History(parts)
    return [
        Chore("ledger", 60.0, Ledger(parts, history).work),
        Chore("rescue", 30.0, Rescue(parts, history).work),
    ]


class Ledger:
    """One round after the other."""

    def __init__(self, parts: Parts, history: History) -> None:
        self._parts = parts
        self._history = history
        self._book = LedgerBook(parts.pool, parts.dsn)
        self._alarms = AlarmBook(parts.pool, parts.dsn)
        self._forgot_on: int | None = None

    def work(self) -> None:
        """Count, and tell. Raises Retryable; without the event log nothing is judged, since it may have the cause."""
        self._history.follow()
        self._count()
        self._alarms.reconcile()
        self._tell()
        self._measure()
        self._forget()

    def _count(self) -> None:
        now_us = self._parts.clock.now_us()
        today, horizon = day_of(now_us), self._horizon(now_us)
        queue = self._book.queue(today)
        whole = set(self._whole_days(today, horizon))
        for day in sorted(whole | {day for day in queue.days if day <= today}):
            if self._parts.running.stop.is_set():
                return
            self._count_day(day, None if day in whole else queue.days[day], horizon, now_us)
        self._book.done(queue)

    def _whole_days(self, today: int, horizon: int) -> Iterator[int]:
        """The days that are counted for all cameras: today, and what was not counted or judged to its end yet."""
        last = self._book.last_day()
        first = min(today if last is None else last, day_of(horizon))
        yield from range(max(first, today - _LONGEST_AWAY_DAYS), today + 1)

    def _horizon(self, now_us: int) -> int:
        newest = self._book.newest(day_of(now_us) - 1) or 0
        arrived = max(min(newest, now_us), now_us - STALL_US)
        return arrived - round(self._parts.settings.storage_ledger_grace_seconds * 1e6)

    def _count_day(self, day: int, cameras: set[str] | None, horizon: int, now_us: int) -> None:
        window = bounds_us(day)
        with metrics.LEDGER_DAY_SECONDS.time():
            evidence = self._book.evidence(day)
            accounts = {
                camera_id: settle(window, evidence[camera_id], horizon, now_us)
                for camera_id in (evidence.keys() if cameras is None else cameras & evidence.keys())
            }
            self._book.write(day, accounts, min(horizon, window[1]))
        _log.debug("a day is counted", day=compact(day), cameras=len(accounts))

    def _tell(self) -> None:
        untold = self._alarms.untold()
        for alarm, told in untold:
            if not told and not alarm.closed:
                _log.warning("seconds are missing without a cause", camera=alarm.camera_id, start=alarm.start)
                self._parts.publisher.publish("findings.v1", _finding(alarm, 1))
            elif told:
                self._parts.publisher.publish("findings.v1", _finding(alarm, 2))
        if untold:
            self._parts.publisher.flush()
            self._alarms.told([alarm for alarm, _ in untold])

    def _forget(self) -> None:
        """Once a day, what nobody will ask for any more."""
        now_us = self._parts.clock.now_us()
        if self._forgot_on != day_of(now_us):
            self._book.forget(day_of(now_us) - self._parts.settings.storage_ledger_days, now_us - 2 * DAY_US)
            self._forgot_on = day_of(now_us)

    def _measure(self) -> None:
        owed, recorded, unexplained = self._book.figures(day_of(self._parts.clock.now_us()), _UNEXPLAINED_DAYS)
        cell = self._parts.settings.cell_id
        metrics.OWED_SECONDS.labels(cell).set(owed / 1e6)
        metrics.RECORDED_SECONDS.labels(cell).set(recorded / 1e6)
        metrics.UNEXPLAINED_SECONDS.labels(cell).set(unexplained / 1e6)


def _finding(alarm: Alarm, step: int) -> Finding:
    """A step of the alarm's life. There is no picture of what is missing: the evidence is the moment alone."""
    seconds = max(1, round(alarm.peak_us / 1e6))
    return Finding(
        finding_id=finding_id(alarm.alert_id, step),
        alert_id=alarm.alert_id,
        step=step,
        state="opened" if step == 1 else "closed",
        rule_id=RULE_ID,
        rule_version=RULE_VERSION,
        rule_type="ledger",
        camera_id=alarm.camera_id,
        severity="moderate",
        title="Recording is missing and no cause is known",
        window_start=alarm.start,
        evidence=Evidence(at=alarm.start, fragment_id="", count=seconds),
        peak=seconds,
    )
