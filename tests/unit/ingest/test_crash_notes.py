"""After a crash it is known which camera the process was serving, by loop and by thread."""

import subprocess
import sys
import textwrap
from pathlib import Path

from vantage_ingest.adapters.crash_notes import culprit

CRASH = "import ctypes; ctypes.string_at(0)"
SERVED = 7
READ = 11


def ended(folder: Path, body: str) -> int:
    """Run a program that has notes in the folder; gives how it ended."""
    program = f"""
    import threading, time
    from pathlib import Path
    from vantage_ingest.adapters.crash_notes import CrashNotes
    def crash():
        {CRASH}
    notes = CrashNotes(Path({str(folder)!r}))
    """
    script = textwrap.dedent(program) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=60).returncode


def test_a_crash_in_the_loop_is_of_the_camera_that_it_served(tmp_path: Path) -> None:
    assert ended(tmp_path, f"notes.serving[0] = {SERVED}\ncrash()") == -11
    assert culprit(tmp_path) == SERVED


def test_a_crash_between_two_cameras_is_nobodys(tmp_path: Path) -> None:
    assert ended(tmp_path, f"notes.serving[0] = {SERVED}\nnotes.serving[0] = 0\ncrash()") == -11
    assert culprit(tmp_path) == 0


def test_a_crash_in_a_thread_is_of_the_camera_that_it_read(tmp_path: Path) -> None:
    body = f"""
    def other():
        with notes.thread({READ + 1}):
            time.sleep(60)
    def reads():
        with notes.thread({READ}):
            crash()
    notes.serving[0] = {SERVED}
    threading.Thread(target=other, daemon=True).start()
    time.sleep(0.1)
    threading.Thread(target=reads).start()
    time.sleep(60)
    """
    assert ended(tmp_path, body) == -11
    assert culprit(tmp_path) == READ


def test_a_hang_in_the_loop_is_of_the_camera_that_it_served(tmp_path: Path) -> None:
    body = f"""
    import os, signal
    notes.serving[0] = {SERVED}
    os.kill(os.getpid(), signal.SIGABRT)
    """
    assert ended(tmp_path, body) == -6
    assert culprit(tmp_path) == SERVED


def test_a_new_process_begins_with_no_notes_and_a_folder_without_any_names_nobody(tmp_path: Path) -> None:
    ended(tmp_path, f"notes.serving[0] = {SERVED}\ncrash()")
    assert ended(tmp_path, "pass") == 0
    assert culprit(tmp_path) == 0
    assert culprit(tmp_path / "nowhere") == 0
