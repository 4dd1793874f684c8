"""Programs: ready or a clear error, a certain end, and none that outlives its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vantage_stack.errors import PartFailed
from vantage_stack.process import ManagedProcess, User

PLENTY_S = 20.0


def shell(script: str, tmp_path: Path, **options: object) -> ManagedProcess:
    return ManagedProcess("thing", ["sh", "-c", script], log=tmp_path / "log", **options)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PLENTY_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def written_pid(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


class TestStart:
    def test_its_output_is_in_the_log(self, tmp_path: Path) -> None:
        shell("echo out; echo err >&2", tmp_path).run(PLENTY_S)
        assert (tmp_path / "log").read_text().split() == ["out", "err"]

    def test_has_only_the_environment_it_is_given(self, tmp_path: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "ONLY": "this"}
        shell("env", tmp_path, environment=environment).run(PLENTY_S)
        assert "ONLY=this" in (tmp_path / "log").read_text()
        assert "HOME=" not in (tmp_path / "log").read_text()

    def test_lives_on_when_the_thread_that_started_it_has_ended(self, tmp_path: Path) -> None:
        process = shell("sleep 60", tmp_path)
        starter = threading.Thread(target=process.start)
        starter.start()
        starter.join()
        assert not process.wait(0.2)
        process.stop()

    def test_a_program_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        missing = ManagedProcess("thing", ["no-such-program"], log=tmp_path / "log")
        with pytest.raises(PartFailed, match="cannot run no-such-program"):
            missing.run(PLENTY_S)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a program to another user")
    def test_runs_as_another_user_and_is_still_ours_to_stop(self, tmp_path: Path) -> None:
        process = shell("id -u; id -G; sleep 60", tmp_path, user=User(65534, 65534))
        process.start()
        eventually(lambda: len(process.log_tail()) == 2)
        process.stop()
        assert process.log_tail() == ["65534", "65534"]
        assert not process.running


class TestReadiness:
    def test_waits_for_the_probe(self, tmp_path: Path) -> None:
        process = shell(f"touch {tmp_path}/ready; sleep 60", tmp_path)
        process.start()
        process.wait_ready((tmp_path / "ready").exists, PLENTY_S)
        assert process.running
        process.stop()

    def test_an_end_before_it_is_an_error_with_the_log_s_last_lines(self, tmp_path: Path) -> None:
        process = shell("for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 3", tmp_path)
        process.start()
        with pytest.raises(PartFailed, match=r"thing ended by itself \(exit code 3\) before it was ready") as caught:
            process.wait_ready(lambda: False, PLENTY_S)
        assert "line 7" in str(caught.value)
        assert "line 2" not in str(caught.value)
        assert str(tmp_path / "log") in str(caught.value)

    def test_one_that_is_never_ready_is_stopped(self, tmp_path: Path) -> None:
        process = shell("sleep 60", tmp_path)
        process.start()
        with pytest.raises(PartFailed, match=r"not ready within 0\.1 s and was stopped"):
            process.wait_ready(lambda: False, 0.1)
        assert not process.running


class TestRun:
    def test_a_bad_end_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(PartFailed, match=r"\(exit code 2\) before its work was done"):
            shell("exit 2", tmp_path).run(PLENTY_S)

    def test_one_that_does_not_end_is_stopped(self, tmp_path: Path) -> None:
        process = shell("sleep 60", tmp_path)
        with pytest.raises(PartFailed, match="did not end within"):
            process.run(0.1)
        assert not process.running


class TestStop:
    def test_asks_first(self, tmp_path: Path) -> None:
        process = shell(f"trap 'echo bye; exit 0' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done", tmp_path)
        process.start()
        process.wait_ready((tmp_path / "ready").exists, PLENTY_S)
        process.stop()
        process.stop()
        assert process.log_tail() == ["bye"]
        assert process.exit_code == 0

    def test_asks_by_the_signal_it_is_given(self, tmp_path: Path) -> None:
        script = f"trap 'exit 7' QUIT; touch {tmp_path}/ready; while :; do sleep 0.05; done"
        process = shell(script, tmp_path, stop_signal=signal.SIGQUIT)
        process.start()
        process.wait_ready((tmp_path / "ready").exists, PLENTY_S)
        process.stop()
        assert process.exit_code == 7

    def test_kills_what_does_not_listen_and_its_children(self, tmp_path: Path) -> None:
        script = f"trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {tmp_path}/child; sleep 60' & wait; sleep 60"
        process = shell(script, tmp_path, grace_s=0.2)
        process.start()
        child = written_pid(tmp_path / "child")
        process.stop()
        assert process.how_it_ended() == "signal SIGKILL"
        eventually(lambda: not alive(child))

    def test_children_that_outlive_the_program_are_killed(self, tmp_path: Path) -> None:
        process = shell(f"sh -c 'echo $$ > {tmp_path}/child; exec sleep 60' & sleep 0.3", tmp_path)
        process.run(PLENTY_S)
        eventually(lambda: not alive(written_pid(tmp_path / "child")))


class TestKill:
    def test_is_seen_as_what_it_was(self, tmp_path: Path) -> None:
        process = shell("sleep 60", tmp_path)
        process.start()
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(PLENTY_S)
        assert process.how_it_ended() == "signal SIGKILL"

    def test_before_the_start_and_after_the_end_is_nothing(self, tmp_path: Path) -> None:
        process = shell("exit 0", tmp_path)
        process.kill9()
        process.run(PLENTY_S)
        process.kill9()
        assert process.exit_code == 0


PARENT = """
import sys, time
from pathlib import Path
from vantage_stack.process import ManagedProcess
folder = Path(sys.argv[1])
script = f"trap '' TERM; sh -c 'echo $$ > {folder}/grandchild; sleep 300' & echo $$ > {folder}/child; wait; sleep 300"
kept = ManagedProcess("thing", ["sh", "-c", script], log=folder / "log")
kept.start()
time.sleep(300)
"""


class TestParent:
    def test_nothing_outlives_a_parent_that_was_killed(self, tmp_path: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)]) as parent:
            try:
                pids = [written_pid(tmp_path / "child"), written_pid(tmp_path / "grandchild")]
                assert all(alive(pid) for pid in pids)
            finally:
                parent.kill()
        eventually(lambda: not any(alive(pid) for pid in pids))

    def test_nothing_outlives_a_guard_that_was_killed(self, tmp_path: Path) -> None:
        process = shell("sleep 60", tmp_path)
        process.start()
        guard = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guard, signal.SIGKILL)
        eventually(lambda: not alive(process.pid))
