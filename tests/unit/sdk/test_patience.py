"""A part that is away delays a batch and loses nothing; a stop or a hand-over cuts the wait short."""

import threading
from collections.abc import Callable

import pytest

from vantage.errors import StoreUnavailable
from vantage.health import Readiness
from vantage.stream import patience
from vantage.stream.flight import Flight
from vantage.stream.patience import Abandoned, Patience


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def waiting(readiness: Readiness, stop: threading.Event) -> Patience:
    return Patience(readiness, stop)


def away(times: int, then: Callable[[], None] = lambda: None) -> Callable[[], str]:
    """A call that fails so often, `then` each time, and then gives "done"."""
    tries = iter(range(times))

    def call() -> str:
        if next(tries, None) is None:
            return "done"
        then()
        msg = "the store is away"
        raise StoreUnavailable(msg)

    return call


def test_it_tries_until_the_part_is_back(waiting: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_WAIT_S", 0.001)
    assert waiting.until_it_works(Flight(), away(5)) == "done"


def test_the_readiness_says_why_until_it_works(
    waiting: Patience, readiness: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_FIRST_WAIT_S", 0.001)
    seen: list[str | None] = []
    waiting.until_it_works(Flight(), away(3, lambda: seen.append(readiness.reasons().get("batch"))))
    assert seen == [None, "the store is away", "the store is away"]
    assert "batch" not in readiness.reasons()


def test_the_wait_doubles_up_to_its_bound(waiting: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def no_wait(_patience: Patience, _flight: Flight, seconds: float) -> bool:
        waits.append(seconds)
        return False

    monkeypatch.setattr(Patience, "_cut_short", no_wait)
    waiting.until_it_works(Flight(), away(12))
    bounds = [min(patience._LONGEST_WAIT_S, patience._FIRST_WAIT_S * 2**number) for number in range(12)]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert bounds[-1] == patience._LONGEST_WAIT_S


def test_a_stop_gives_the_batch_up(waiting: Patience, stop: threading.Event) -> None:
    with pytest.raises(Abandoned):
        waiting.until_it_works(Flight(), away(1, stop.set))


def test_a_hand_over_gives_the_batch_up(waiting: Patience) -> None:
    flight = Flight()
    with pytest.raises(Abandoned):
        waiting.until_it_works(flight, away(1, flight.hurry.set))


def test_what_works_at_once_is_not_given_up_by_a_stop(waiting: Patience, stop: threading.Event) -> None:
    stop.set()
    assert waiting.until_it_works(Flight(), away(0)) == "done"


def test_another_error_is_not_waited_out(waiting: Patience) -> None:
    def call() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        waiting.until_it_works(Flight(), call)
