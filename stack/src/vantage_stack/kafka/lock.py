"""The lock of Kafka's jars: what is wanted, and each jar that this comes to with its SHA-256.

`python -m vantage_stack.kafka` resolves what is wanted anew and writes the lock. The fetch never resolves: it takes the
jars that the lock names and refuses any that has another digest.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import Artifact, MavenContext, PythonResolver

from vantage_stack.errors import PinBroken

LOCK = Path(__file__).with_name("jars.lock")


@dataclass(frozen=True)
class Jar:
    """One jar: `group:artifact:version`, and the SHA-256 of its bytes."""

    coordinate: str
    sha256: str

    @property
    def file(self) -> str:
        """Its name among the others."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def download(self, maven: MavenContext) -> Path:
        """Where its verified bytes lie in the context's repository. Raises PinBroken where they are others."""
        group, artifact, version = self.coordinate.split(":")
        wanted = maven.project(group, artifact).at_version(version).artifact()
        try:
            path = Path(wanted.resolve())
        except BaseException:
            _forget(wanted)
            raise
        found = sha256_of(path)
        if found != self.sha256:
            path.unlink()
            msg = f"{self.coordinate} has SHA-256 {found}, the lock says {self.sha256}: it was refused and removed"
            raise PinBroken(msg)
        return path


def _forget(wanted: Artifact) -> None:
    """Remove what a download that was cut has left: it would be taken for the jar."""
    if wanted.cached_path:
        wanted.cached_path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(path: Path = LOCK) -> list[Jar]:
    """The jars of the lock, one a line: digest, then coordinate."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [Jar(coordinate, sha256) for sha256, coordinate in lines]


def maven_at(repository: Path) -> MavenContext:
    """Maven's repository through jgo, which needs no Maven and no Java."""
    return MavenContext(resolver=PythonResolver(), repo_cache=repository, timeout=30)
