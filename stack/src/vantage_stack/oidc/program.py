"""The provider's program in the cache: our files, and the packages that its lock names."""

import shutil
from pathlib import Path

from vantage_stack.cache import Cache, digest_of
from vantage_stack.fetch import Report, Step
from vantage_stack.toolchains import npm

SOURCE = Path(__file__).with_name("server")
MAIN = "server.mjs"


def program(cache: Cache, report: Report) -> Path:
    """The folder with `server.mjs` and what it imports. Raises FetchFailed."""

    def build(folder: Path) -> None:
        report("installs the provider's packages")
        for path in _files():
            shutil.copy(path, folder / path.name)
        with cache.scratch("openid-provider") as scratch:
            npm(["ci"], folder=folder, scratch=scratch)

    pins = [part for path in _files() for part in (path.name.encode(), path.read_bytes())]
    return cache.entry("openid-provider", digest_of(*pins), build)


def _files() -> list[Path]:
    return sorted(path for path in SOURCE.iterdir() if path.is_file() and path.suffix in (".mjs", ".json"))


STEPS = [Step("sign-in", program)]
