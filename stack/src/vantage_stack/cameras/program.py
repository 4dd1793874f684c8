"""The cameras' server in the cache, built from its source beside this file."""

from pathlib import Path

from vantage_stack.cache import Cache, digest_of
from vantage_stack.fetch import Report
from vantage_stack.toolchains import go, go_version

SOURCE = Path(__file__).with_name("server")
_NAME = "virtualcameras"


def program(cache: Cache, report: Report) -> Path:
    """The executable. Raises FetchFailed where its modules cannot be had, or it cannot be built."""

    def build(folder: Path) -> None:
        report("builds with Go")
        with cache.scratch("virtual-cameras") as scratch:
            flags = ["-mod=readonly", "-trimpath", "-ldflags=-s -w"]
            go(["build", *flags, "-o", folder / _NAME, "."], folder=SOURCE, scratch=scratch)

    return cache.entry("virtual-cameras", digest_of(go_version(), *_source()), build) / _NAME


def _source() -> list[bytes]:
    """Every file that decides what is built, each after its name."""
    files = sorted(path for path in SOURCE.iterdir() if path.suffix == ".go" or path.name in ("go.mod", "go.sum"))
    return [part for path in files for part in (path.name.encode(), path.read_bytes())]
