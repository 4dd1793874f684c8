"""A run's folder: its own, with logs that stay and state that does not, a killed run's included."""

import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest

from vantage_stack.errors import NoRoom
from vantage_stack.home import KEEP, Home, note_elsewhere


@pytest.fixture(autouse=True)
def keep_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEEP, raising=False)


def killed_run(base: Path, elsewhere: Path) -> Path:
    """The folder of a run that was killed while a part kept something outside."""

    def run() -> None:
        note_elsewhere(Home(base, "run").part("postgres"), elsewhere, elsewhere.with_name("socket"))
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    return next(base.iterdir())


class TestClosing:
    def test_logs_stay_and_state_goes(self, tmp_path: Path) -> None:
        home = Home(tmp_path, "run")
        home.log("kafka").write_text("a line")
        (home.part("kafka") / "segment").touch()
        home.close(keep=False)
        assert home.log("kafka").read_text() == "a line"
        assert not home.state.exists()

    def test_state_is_kept_after_a_failure(self, tmp_path: Path) -> None:
        home = Home(tmp_path, "run")
        home.part("kafka")
        home.close(keep=True)
        Home(tmp_path, "next").close(keep=False)
        assert home.state.exists()

    def test_state_is_kept_where_the_environment_asks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(KEEP, "1")
        home = Home(tmp_path, "run")
        home.close(keep=False)
        assert home.state.exists()


class TestSweeping:
    def test_a_killed_run_s_state_goes_wherever_it_is(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        killed = killed_run(tmp_path / "base", elsewhere)
        assert (killed / "state").exists()
        Home(tmp_path / "base", "run").close(keep=False)
        assert not (killed / "state").exists()
        assert (killed / "logs").exists()
        assert not elsewhere.exists()

    def test_a_living_run_is_left_alone(self, tmp_path: Path) -> None:
        living = Home(tmp_path, "run")
        Home(tmp_path, "run").close(keep=False)
        assert living.state.exists()
        living.close(keep=False)

    def test_only_the_latest_runs_are_kept(self, tmp_path: Path) -> None:
        for _ in range(15):
            Home(tmp_path, "run").close(keep=False)
        assert len(list(tmp_path.iterdir())) == 11


class TestRoom:
    def test_a_full_disk_is_said_before_anything_starts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        full = shutil.disk_usage(tmp_path)._replace(free=1024**3)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
        with pytest.raises(NoRoom, match=r"only 1\.0 GiB are free .* needs 2: make room"):
            Home(tmp_path, "run")
        assert list(tmp_path.iterdir()) == []
