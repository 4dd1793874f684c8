"""The trace of the message that caused the work goes on in what comes out of it."""

import subprocess
import sys

from vantage.telemetry import span, start_telemetry

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_a_collector_a_trace_passes_through_as_it_came() -> None:
    assert start_telemetry("test", "t1", "") is None
    with span("batch", {"messages": 3}, PARENT) as out:
        assert out == PARENT


def test_without_a_parent_and_a_collector_there_is_no_trace() -> None:
    with span("batch") as out:
        assert out == ""


def test_a_header_that_is_no_trace_starts_a_new_one() -> None:
    with span("batch", parent="nonsense") as out:
        assert out == ""


def test_with_a_collector_the_span_is_a_child_and_an_absent_collector_holds_up_no_end() -> None:
    """In a process of its own, because a tracer is set once a process."""
    program = f"""
from vantage.telemetry import span, start_telemetry
provider = start_telemetry("test", "t1", "http://127.0.0.1:1")
with span("batch", {{"messages": 3}}, {PARENT!r}) as out:
    print(out)
provider.shutdown()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    version, trace, parent, flags = done.stdout.strip().split("-")
    assert (version, trace) == ("00", PARENT.split("-")[1])
    assert parent != PARENT.split("-")[2]
    assert int(flags, 16) & 1
