"""How a stack ends: by its owner, by a kill, by a part that ends; and that another's stack never matters."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from vantage_stack.errors import PartFailed, PortTaken
from vantage_stack.ports import HOST
from vantage_stack.stack import Stack

Eventually = Callable[[Callable[[], bool]], None]
Make = Callable[..., Stack]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid: int) -> set[int]:
    """Every process below this one."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in listed}.union(*(children_of(int(child)) for child in listed))


OWNER = """
import sys, time
from pathlib import Path
from vantage_stack.stack import Stack
with Stack("owned", base=Path(sys.argv[1])) as stack:
    stack.require("postgres", "store")
    print("up", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def owner(runs: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with a stack whose PostgreSQL and object store are up."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(runs)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "up":
            assert process.poll() is None
        yield process
        process.kill()


class TestOwner:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_no_program_outlives_it(
        self, owner: subprocess.Popen[str], number: signal.Signals, eventually: Eventually
    ) -> None:
        programs = children_of(owner.pid)
        assert len(programs) > 4
        owner.send_signal(number)
        owner.wait()
        eventually(lambda: not any(alive(pid) for pid in programs))

    def test_an_interrupt_leaves_logs_and_no_state(self, owner: subprocess.Popen[str], runs: Path) -> None:
        owner.send_signal(signal.SIGINT)
        owner.wait()
        (run,) = runs.iterdir()
        assert (run / "logs" / "postgres.log").stat().st_size > 0
        assert not (run / "state").exists()


class TestDyingPart:
    def test_is_reported_with_its_log_and_ends_the_stack(
        self, make_stack: Make, capfd: pytest.CaptureFixture[str]
    ) -> None:
        stack = make_stack()
        stack.require("postgres", "cameras")
        (postgres,), (cameras,) = stack.postgres.processes, stack.cameras.processes
        os.kill(postgres.pid, signal.SIGKILL)
        with pytest.raises(PartFailed, match=r"postgres ended by itself \(signal SIGKILL\)") as caught:
            stack.wait(60)
        assert "ready to accept connections" in str(caught.value)
        assert not cameras.running
        with pytest.raises(PartFailed):
            stack.require("store")
        stack.close()
        assert str(caught.value) in capfd.readouterr().out
        assert stack.home.state.exists()

    def test_one_that_cannot_start_is_reported_and_the_others_are_stopped(self, make_stack: Make) -> None:
        stack = make_stack()
        port = int(stack.postgres.dsn.rpartition(":")[2].partition("/")[0])
        with socket.socket() as intruder:
            intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            intruder.bind((HOST, port))
            intruder.listen()
            with pytest.raises(PartFailed, match="Address already in use"):
                stack.require("cameras", "postgres")
        assert not any(process.running for process in stack.cameras.processes)


class TestSeveralStacks:
    def test_do_not_matter_to_each_other(self, make_stack: Make) -> None:
        one, two = make_stack(), make_stack()
        for stack in (one, two):
            stack.require("postgres", "cameras")
        one.close()
        two.check()
        with psycopg.connect(two.postgres.dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert len(two.cameras.stats()) > 0

    def test_a_port_that_another_has_is_refused_before_anything_starts(self, make_stack: Make) -> None:
        one = make_stack()
        with pytest.raises(PortTaken, match=f"port {one.api_port} .* choose another"):
            make_stack(api_port=one.api_port)


class TestAway:
    def test_a_part_that_was_killed_comes_back_with_its_state(self, make_stack: Make) -> None:
        stack = make_stack()
        stack.require("postgres", "store")
        store = stack.store.access.open()
        store.ensure_bucket("kept")
        store.put("kept", "key", b"bytes")
        with psycopg.connect(stack.postgres.dsns["storage"]) as connection:
            connection.execute("create table storage.kept (n int)")
        with stack.away("postgres"), pytest.raises(psycopg.OperationalError):
            psycopg.connect(stack.postgres.dsns["storage"])
        with stack.away("store"):
            pass
        with psycopg.connect(stack.postgres.dsns["storage"]) as connection:
            assert connection.execute("select * from storage.kept").fetchall() == []
        assert store.get("kept", "key") == b"bytes"
        stack.check()
