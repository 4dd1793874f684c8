"""Keys at rest: one for all who ask, wrapped, there for good once given out, gone for good once destroyed."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vantage_keys.adapters.key_folder import KeyFolder
from vantage_keys.adapters.master import Master
from vantage_keys.errors import Gone, KeyDamaged, MasterUnusable

KEY = "footage-20261124"
OTHER = "footage-20261125"
OLD, NEW = Master(b"o" * 32), Master(b"n" * 32)

KILLED = """
import os, signal, sys
from pathlib import Path
from vantage_keys.adapters.key_folder import KeyFolder
from vantage_keys.adapters.master import Master

folder, deed, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
keys = KeyFolder(folder, [Master(b"n" * 32), Master(b"o" * 32)])
steps = {"open", "os.link", "os.rename", "os.remove"}

def count(event, arguments):
    global left
    if event in steps and arguments and str(folder) in str(arguments[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
done = {"make": keys.make, "destroy": keys.destroy, "rewrap": lambda _: keys.rewrap()}[deed]("footage-20261124")
print(done.hex() if isinstance(done, bytes) else done, flush=True)
"""


def folder_at(path: Path, *masters: Master) -> KeyFolder:
    made = KeyFolder(path, masters or (NEW, OLD))
    made.open()
    return made


def killed_after(steps: int, path: Path, deed: str) -> str | None:
    """Do it in a process that is killed before a step of its work; what it said, or None where it was killed."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), deed, str(steps)], capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.stdout.strip() if done.returncode == 0 else None


class TestMaking:
    def test_a_key_is_256_bits_and_stays(self, tmp_path: Path) -> None:
        made = folder_at(tmp_path).make(KEY)
        assert len(made) == 32
        assert folder_at(tmp_path).get(KEY) == made == folder_at(tmp_path).make(KEY)

    def test_each_id_has_its_own(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        assert folder.make(KEY) != folder.make(OTHER)

    def test_a_key_that_was_never_made_is_none(self, tmp_path: Path) -> None:
        assert folder_at(tmp_path).get(KEY) is None

    def test_all_who_ask_at_once_get_one_key(self, tmp_path: Path) -> None:
        folders = [folder_at(tmp_path) for _ in range(8)]
        start = threading.Barrier(8)

        def ask(folder: KeyFolder) -> bytes:
            start.wait()
            return folder.make(KEY)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(ask, folders))) == 1

    def test_nothing_on_disk_shows_it_to_others(self, tmp_path: Path) -> None:
        made = folder_at(tmp_path).make(KEY)
        (file,) = (tmp_path / "keys").iterdir()
        assert made not in file.read_bytes()
        assert made.hex() not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("steps", range(8))
    def test_a_kill_at_any_step_loses_no_key_that_was_given_out(self, tmp_path: Path, steps: int) -> None:
        folder_at(tmp_path)
        said = killed_after(steps, tmp_path, "make")
        found = folder_at(tmp_path).make(KEY)
        assert said is None or said == found.hex()
        assert folder_at(tmp_path).get(KEY) == found


class TestDestroying:
    def test_is_for_ever(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        folder.make(KEY)
        folder.destroy(KEY)
        for again in (folder, folder_at(tmp_path)):
            with pytest.raises(Gone, match=KEY):
                again.get(KEY)
            with pytest.raises(Gone, match=KEY):
                again.make(KEY)
        assert list((tmp_path / "keys").iterdir()) == []

    def test_twice_is_no_error_and_so_is_a_key_that_never_was(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        folder.destroy(KEY)
        folder.destroy(KEY)
        with pytest.raises(Gone):
            folder.make(KEY)

    def test_leaves_the_others(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        other = folder.make(OTHER)
        folder.destroy(KEY)
        assert folder.get(OTHER) == other

    def test_a_key_file_that_comes_back_from_a_backup_stays_dead(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        folder.make(KEY)
        (file,) = (tmp_path / "keys").iterdir()
        kept = file.read_bytes()
        folder.destroy(KEY)
        file.write_bytes(kept)
        with pytest.raises(Gone):
            folder.get(KEY)
        assert not file.exists()

    @pytest.mark.parametrize("steps", range(8))
    def test_a_kill_at_any_step_leaves_the_key_whole_or_gone(self, tmp_path: Path, steps: int) -> None:
        made = folder_at(tmp_path).make(KEY)
        said = killed_after(steps, tmp_path, "destroy")
        again = KeyFolder(tmp_path, [NEW, OLD])
        begun = (tmp_path / "gone" / KEY).exists()
        assert begun or said is None
        assert again.open() in ([], [KEY])
        if begun:
            assert not (tmp_path / "keys" / f"{KEY}.json").exists()
            with pytest.raises(Gone):
                again.get(KEY)
        else:
            assert again.get(KEY) == made


class TestTheMaster:
    def test_is_rotated_without_changing_a_key(self, tmp_path: Path) -> None:
        before = folder_at(tmp_path, OLD)
        made = {name: before.make(name) for name in (KEY, OTHER)}
        assert folder_at(tmp_path, NEW, OLD).rewrap() == 2
        assert {name: folder_at(tmp_path, NEW).get(name) for name in made} == made
        assert folder_at(tmp_path, NEW, OLD).rewrap() == 0

    def test_may_be_the_former_one_while_it_is_rotated(self, tmp_path: Path) -> None:
        made = folder_at(tmp_path, OLD).make(KEY)
        assert folder_at(tmp_path, NEW, OLD).get(KEY) == made

    @pytest.mark.parametrize("steps", range(10))
    def test_a_rotation_that_is_killed_is_taken_up_again(self, tmp_path: Path, steps: int) -> None:
        before = folder_at(tmp_path, OLD)
        made = {name: before.make(name) for name in (KEY, OTHER)}
        killed_after(steps, tmp_path, "rewrap")
        folder_at(tmp_path, NEW, OLD).rewrap()
        assert {name: folder_at(tmp_path, NEW).get(name) for name in made} == made

    def test_a_former_one_that_is_not_given_ends_the_start(self, tmp_path: Path) -> None:
        folder_at(tmp_path, OLD).make(KEY)
        with pytest.raises(MasterUnusable, match=r"1 keys, footage-20261124 .*rotate-master"):
            folder_at(tmp_path, NEW)

    def test_a_file_does_not_pass_for_another_s(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path)
        folder.make(KEY)
        (tmp_path / "keys" / f"{KEY}.json").rename(tmp_path / "keys" / f"{OTHER}.json")
        with pytest.raises(KeyDamaged, match=OTHER):
            folder.get(OTHER)

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"master": "x", "wrapped": "zz"}', b"[]"])
    def test_a_damaged_file_is_said(self, tmp_path: Path, content: bytes) -> None:
        folder = folder_at(tmp_path)
        (tmp_path / "keys" / f"{KEY}.json").write_bytes(content)
        with pytest.raises(KeyDamaged, match=KEY):
            folder.get(KEY)


class TestTheMasterFile:
    def test_is_32_bytes_that_nobody_else_reads(self, tmp_path: Path) -> None:
        file = tmp_path / "master"
        file.write_bytes(b"n" * 32)
        file.chmod(0o440)
        assert Master.read(file).name == NEW.name != OLD.name

    @pytest.mark.parametrize(("size", "mode", "why"), [(31, 0o400, "31 bytes"), (32, 0o444, "mode 444")])
    def test_is_refused_otherwise(self, tmp_path: Path, size: int, mode: int, why: str) -> None:
        file = tmp_path / "master"
        file.write_bytes(b"n" * size)
        file.chmod(mode)
        with pytest.raises(MasterUnusable, match=why):
            Master.read(file)

    def test_that_is_missing_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(MasterUnusable, match="nowhere"):
            Master.read(tmp_path / "nowhere")
