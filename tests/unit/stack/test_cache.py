"""The cache: an entry is built once, and is whole or not there."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from vantage_stack.cache import Cache, digest_of, user_cache


class TestEntry:
    def test_is_built_once(self, tmp_path: Path) -> None:
        cache = Cache(tmp_path)
        built: list[Path] = []
        for _ in range(2):
            found = cache.entry("tool", "d1", built.append)
        assert len(built) == 1
        assert found == tmp_path / "tool" / "d1"
        assert cache.has("tool", "d1")

    def test_another_digest_is_another_entry(self, tmp_path: Path) -> None:
        cache = Cache(tmp_path)
        one = cache.entry("tool", "d1", lambda folder: (folder / "one").touch())
        two = cache.entry("tool", "d2", lambda folder: (folder / "two").touch())
        assert [path.name for path in (*one.iterdir(), *two.iterdir())] == ["one", "two"]

    def test_a_failed_build_leaves_nothing_and_may_be_tried_again(self, tmp_path: Path) -> None:
        cache = Cache(tmp_path)

        def fail(folder: Path) -> None:
            (folder / "half").touch()
            message = "the network is away"
            raise OSError(message)

        with pytest.raises(OSError, match="network"):
            cache.entry("tool", "d1", fail)
        assert not cache.has("tool", "d1")
        entry = cache.entry("tool", "d1", lambda folder: (folder / "all").touch())
        assert [path.name for path in entry.iterdir()] == ["all"]

    def test_a_killed_build_is_not_taken_for_an_entry(self, tmp_path: Path) -> None:
        def half(folder: Path) -> None:
            (folder / "half").touch()
            os.kill(os.getpid(), signal.SIGKILL)

        killed = multiprocessing.get_context("fork").Process(target=Cache(tmp_path).entry, args=("tool", "d1", half))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        entry = Cache(tmp_path).entry("tool", "d1", lambda folder: (folder / "all").touch())
        assert [path.name for path in entry.iterdir()] == ["all"]

    def test_two_runs_build_once(self, tmp_path: Path) -> None:
        def build(folder: Path) -> None:
            with (tmp_path / "builds").open("a") as file:
                file.write("built\n")
            time.sleep(0.2)
            (folder / "all").touch()

        fork = multiprocessing.get_context("fork")
        runs = [fork.Process(target=Cache(tmp_path / "cache").entry, args=("tool", "d1", build)) for _ in range(3)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert [run.exitcode for run in runs] == [0, 0, 0]
        assert (tmp_path / "builds").read_text() == "built\n"


class TestScratch:
    def test_is_removed_with_read_only_folders_in_it(self, tmp_path: Path) -> None:
        with Cache(tmp_path).scratch("tool") as scratch:
            (scratch / "modules").mkdir()
            (scratch / "modules" / "file").touch()
            (scratch / "modules").chmod(0o500)
        assert not scratch.exists()


class TestDigest:
    def test_depends_on_every_pin_and_on_where_one_ends(self) -> None:
        assert digest_of("a", "b") == digest_of("a", b"b")
        assert len({digest_of("a", "b"), digest_of("ab"), digest_of("b", "a"), digest_of("ab", "")}) == 4


class TestUserCache:
    def test_follows_the_environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert user_cache() == tmp_path / "vantage"

    @pytest.mark.parametrize("value", ["", "relative/path"])
    def test_else_lies_in_the_home(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert user_cache() == tmp_path / ".cache" / "vantage"
