"""The user's cache: what was fetched or built once, keyed by the digest of everything that it was made from.

An entry is `<cache>/<name>/<digest>`. It is built in a sibling folder and renamed when it is whole, under a file lock:
two runs on one machine build it once, and a killed build leaves nothing that could be taken for an entry.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Build = Callable[[Path], None]
"""Fills the empty folder that it is given; raises FetchFailed where it cannot."""


def digest_of(*pins: str | bytes) -> str:
    """The SHA-256 over pins in their order: versions, lock texts, sources. Lengths go in, so no two lists collide."""
    digest = hashlib.sha256()
    for pin in pins:
        data = pin.encode() if isinstance(pin, str) else pin
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def user_cache() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/vantage`; a relative XDG_CACHE_HOME is ignored, as its standard asks."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "vantage"


class Cache:
    """Entries that are made once and never changed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or user_cache()

    def path(self, name: str, digest: str) -> Path:
        """Where the entry is, or would be."""
        return self.folder / name / digest

    def has(self, name: str, digest: str) -> bool:
        """Whether the entry is there, whole."""
        return self.path(name, digest).is_dir()

    def entry(self, name: str, digest: str, build: Build) -> Path:
        """The entry's folder; `build` fills it where it is not there yet."""
        whole = self.path(name, digest)
        if whole.is_dir():
            return whole
        whole.parent.mkdir(parents=True, exist_ok=True)
        with _locked(whole.parent / f"{digest}.lock"):
            if not whole.is_dir():
                _build(whole, build)
        return whole

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A folder beside the entries for what a build needs and nobody keeps."""
        parent = self.folder / name
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="scratch-", dir=parent))
        try:
            yield folder
        finally:
            _remove(folder)


def _build(whole: Path, build: Build) -> None:
    part = whole.with_name(f"{whole.name}.part")
    _remove(part)  # a build that was killed left it
    part.mkdir()
    try:
        build(part)
        part.rename(whole)
    except BaseException:
        _remove(part)
        raise


def _remove(folder: Path) -> None:
    """Remove a folder, one whose files are read-only (as Go's module cache makes them) included."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
