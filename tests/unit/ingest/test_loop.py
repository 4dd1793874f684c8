"""The loop of a worker: what is called, in which order, and what cannot hold it up."""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from vantage.clock import ManualClock, SystemClock
from vantage_ingest.adapters.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop(SystemClock(), tick_s=0.001)
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def until(loop: Loop, condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        loop.turn()
    pytest.fail("it did not come")


def test_a_socket_is_read_once_a_turn_until_it_is_forgotten(
    loop: Loop, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    calls: list[int] = []
    loop.watch(ours.fileno(), lambda: calls.append(1))
    theirs.send(b"x")
    loop.turn()
    loop.turn()
    assert len(calls) == 2  # it was not read, so it is still to be read
    loop.unwatch(ours.fileno())
    loop.unwatch(ours.fileno())
    loop.call_soon(lambda: None)
    loop.turn()
    assert len(calls) == 2


def test_writing_is_waited_for_where_it_is_asked_for(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    calls: list[int] = []
    loop.watch(pair[0].fileno(), lambda: calls.append(1))
    loop.call_soon(lambda: None)
    loop.turn()
    assert not calls
    loop.watch(pair[0].fileno(), lambda: calls.append(1), write=True)
    loop.turn()
    assert calls


def test_a_handler_that_forgets_another_is_the_last_word(loop: Loop) -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    calls: list[int] = []

    def handle(own: int, other: int) -> None:
        calls.append(own)
        loop.unwatch(other)

    one, two = (ours.fileno() for ours, _ in pairs)
    loop.watch(one, lambda: handle(one, two))
    loop.watch(two, lambda: handle(two, one))
    for ours, theirs in pairs:
        theirs.send(b"x")
        assert ours.fileno() >= 0
    loop.turn()
    assert len(calls) == 1
    for ends in pairs:
        for end in ends:
            end.close()


def test_a_number_that_is_used_again_in_the_same_turn_is_another_socket(loop: Loop) -> None:
    """What epoll said of the closed one is not taken for the new one."""
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[str] = []
    fresh: list[socket.socket] = []

    def replace(own: int, other: int) -> None:
        loop.unwatch(own)
        if fresh:
            return
        loop.unwatch(other)
        made, quiet = socket.socketpair()
        fresh.extend((made, quiet))
        os.dup2(made.fileno(), other)
        loop.watch(other, lambda: called.append("new"))

    one, two = (ours.fileno() for ours, _ in pairs)
    loop.watch(one, lambda: replace(one, two))
    loop.watch(two, lambda: replace(two, one))
    for _, theirs in pairs:
        theirs.send(b"x")
    loop.turn()
    assert fresh
    assert not called
    for end in (*fresh, *(end for ends in pairs for end in ends)):
        end.close()


def test_timers_come_in_order_and_not_before_their_time() -> None:
    clock = ManualClock()
    loop = Loop(clock, tick_s=0)
    calls: list[str] = []
    loop.call_later(2, lambda: calls.append("second"))
    loop.call_later(1, lambda: calls.append("first"))
    loop.call_later(1.5, lambda: calls.append("cancelled")).cancel()
    loop.call_soon(lambda: None)
    loop.turn()
    assert calls == []
    clock.advance(5)
    loop.turn()
    assert calls == ["first", "second"]
    loop.close()


def test_what_sets_itself_again_leaves_the_turn_to_others() -> None:
    loop = Loop(ManualClock(), tick_s=0)
    calls: list[str] = []

    def again() -> None:
        calls.append("timer")
        loop.call_later(0, again)

    def soon() -> None:
        calls.append("soon")
        loop.call_soon(soon)

    again()
    soon()
    loop.turn()
    assert sorted(calls) == ["soon", "soon", "timer", "timer"]
    loop.close()


def test_a_handler_that_raises_stops_no_other(loop: Loop) -> None:
    calls: list[int] = []

    def raises() -> None:
        msg = "a fault of a part"
        raise RuntimeError(msg)

    loop.call_soon(raises)
    loop.call_soon(lambda: calls.append(1))
    loop.turn()
    assert calls == [1]


def test_calls_of_other_threads_wake_it_and_stop_ends_it(loop: Loop) -> None:
    order: list[int] = []

    def call() -> None:
        for number in range(100):
            loop.call_soon(lambda number=number: order.append(number))  # type: ignore[misc]
        loop.call_soon(loop.stop)

    thread = threading.Thread(target=call)
    thread.start()
    loop.run()
    thread.join()
    assert order == list(range(100))


def test_it_says_how_late_it_is() -> None:
    clock = ManualClock()
    loop = Loop(clock, tick_s=0.02)
    loop.call_soon(lambda: clock.advance(0.5))
    loop.turn()
    assert loop.lag == pytest.approx(0.48)
    loop.call_soon(lambda: clock.advance(0.02))
    loop.turn()
    assert loop.lag == pytest.approx(0)
    loop.close()


def test_whose_handler_runs_is_noted(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    seen: list[int] = []
    loop.watch(pair[0].fileno(), lambda: seen.append(loop.serving[0]), number=17)
    pair[1].send(b"x")
    until(loop, lambda: seen)
    assert seen[0] == 17
    assert loop.serving[0] == 0
