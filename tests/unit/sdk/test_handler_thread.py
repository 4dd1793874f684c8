"""The handler's one thread: calls in order, each with its own outcome, and no hold on the process's end."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from vantage.stream.handler_thread import HandlerThread, done

DEADLINE_S = 30


@pytest.fixture
def thread() -> Iterator[HandlerThread]:
    made = HandlerThread("test-handler")
    made.start()
    yield made
    made.stop()


def test_calls_run_in_order_in_one_thread_of_its_name(thread: HandlerThread) -> None:
    seen: list[tuple[int, str]] = []

    def note(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    jobs = [thread.submit(lambda number=number: note(number)) for number in range(100)]  # type: ignore[misc]
    assert all(done(job, DEADLINE_S) for job in jobs)
    assert seen == [(number, "test-handler") for number in range(100)]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_error_is_its_own_calls_outcome_and_the_next_call_runs(
    thread: HandlerThread, error: type[BaseException]
) -> None:
    def fail() -> None:
        raise error

    failed, next_one = thread.submit(fail), thread.submit(lambda: None)
    with pytest.raises(error):
        failed.result(DEADLINE_S)
    assert next_one.result(DEADLINE_S) is None


def test_a_job_is_done_only_when_its_call_has_ended(thread: HandlerThread) -> None:
    go = threading.Event()

    def wait() -> None:
        go.wait(DEADLINE_S)

    job = thread.submit(wait)
    assert not done(job, 0)
    go.set()
    assert done(job, DEADLINE_S)


def test_what_was_submitted_before_a_stop_still_runs() -> None:
    thread = HandlerThread("test-handler")
    job = thread.submit(lambda: None)
    thread.stop()
    thread.start()
    assert done(job, DEADLINE_S)


def test_a_call_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    program = """
import threading
from vantage.stream.handler_thread import HandlerThread
thread, begun = HandlerThread("test-handler"), threading.Event()
thread.start()
thread.submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=DEADLINE_S, check=False).returncode == 0
