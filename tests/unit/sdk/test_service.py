"""How a service begins and ends, seen from outside: its lines, its signals and its exit code."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from vantage import service
from vantage.errors import StoreUnavailable

HEAD = """
import sys, time
from vantage import errors
from vantage.service import run_service
from vantage.settings import ServiceSettings

def main(settings, running):
"""
TAIL = """
run_service("probe", ServiceSettings, main)
"""
GOOD = {
    "VANTAGE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "VANTAGE_S3_ENDPOINT": "127.0.0.1:1",
    "VANTAGE_S3_ACCESS_KEY": "key",
    "VANTAGE_S3_SECRET_KEY": "the-secret-key",
}
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start a service whose main has this body."""
    processes: list[subprocess.Popen[str]] = []

    def start(body: str, **environment: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VANTAGE_")}
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + "    " + body + TAIL],
            env={**clean, **GOOD, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors.splitlines()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("StartupError", 78),
        ("BrokerUnavailable", 69),
        ("StoreUnavailable", 69),
        ("DeadLetterLimit", 70),
        ("PublishFailed", 70),
        ("Fenced", 70),
        ("StoreRefused", 70),
    ],
)
def test_an_error_is_one_line_and_a_code(begin: Begin, error: str, code: int) -> None:
    found, lines = ended(begin(f"raise errors.{error}('what to do')"))
    assert found == code
    assert lines[-1] == "vantage-probe: what to do"
    assert not any("Traceback" in line for line in lines)


def test_a_fault_of_the_program_is_one_line_with_its_trace(begin: Begin) -> None:
    code, lines = ended(begin("1 / 0"))
    assert code == 70
    said = json.loads(lines[-1])
    assert said["level"] == "error"
    assert "ZeroDivisionError" in said["exception"]


def test_returning_is_success(begin: Begin) -> None:
    assert ended(begin("return"))[0] == 0


def test_a_wrong_setting_ends_the_start(begin: Begin) -> None:
    code, lines = ended(begin("return", VANTAGE_S3_SECURE="perhaps", VANTAGE_CELL_ID="No"))
    assert code == 78
    assert [line.split()[1] for line in lines] == ["VANTAGE_CELL_ID", "VANTAGE_S3_SECURE"]


def test_a_health_port_that_is_taken_ends_the_start(begin: Begin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, lines = ended(begin("return", VANTAGE_HEALTH_PORT=str(taken.getsockname()[1])))
    assert code == 78
    assert "VANTAGE_HEALTH_PORT" in lines[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_it_to_stop_and_a_second_one_changes_nothing(begin: Begin, number: signal.Signals) -> None:
    body = "print('up', flush=True); running.stop.wait(); print('stopping', flush=True); time.sleep(0.5); print('done')"
    process = begin(body)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output == "done\n"
    assert process.returncode == 0


def test_the_health_endpoint_is_there_while_main_runs(begin: Begin) -> None:
    process = begin("running.stop.wait()")
    assert process.stderr is not None
    port = json.loads(process.stderr.readline())["port"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    process.terminate()
    assert process.wait(60) == 0


def test_what_a_library_says_is_a_line_like_ours(begin: Begin) -> None:
    _, lines = ended(begin("import logging; logging.getLogger('some.library').warning('it is %s', 'late')"))
    said = json.loads(lines[-1])
    assert (said["event"], said["logger"], said["service"]) == ("it is late", "some.library", "probe")


def test_a_level_is_kept(begin: Begin) -> None:
    _, lines = ended(begin("import structlog; structlog.get_logger().info('quiet')", VANTAGE_LOG_LEVEL="error"))
    assert lines == []


class TestAPartThatIsAwayAtTheStart:
    def test_is_waited_for_and_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "_ASK_AGAIN_S", 0.0)
        running, tries = service.Running(), list[str]()

        def ask() -> None:
            tries.append(running.readiness.reasons()["store"])
            if len(tries) < 3:
                msg = "the store is away"
                raise StoreUnavailable(msg)

        assert running.wait_for("store", ask)
        assert tries == ["it was not asked yet", "the store is away", "the store is away"]
        assert running.readiness.reasons() == {}

    def test_is_waited_for_no_longer_than_until_a_stop(self) -> None:
        running = service.Running()

        def ask() -> None:
            running.stop.set()
            msg = "the store is away"
            raise StoreUnavailable(msg)

        assert not running.wait_for("store", ask)

    def test_is_no_excuse_for_another_error(self) -> None:
        with pytest.raises(ZeroDivisionError):
            service.Running().wait_for("store", lambda: 1 // 0)
