"""The console, built from `console/` by the Node of a wheel: its types are checked, then it is bundled."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from vantage_stack.cache import Cache, digest_of
from vantage_stack.errors import FetchFailed
from vantage_stack.fetch import Report, Step
from vantage_stack.toolchains import node, npm

SOURCE = Path(__file__).parents[3] / "console"
_DIST = "dist"
_FILES = ("package.json", "package-lock.json", "tsconfig.json", "build.mjs", "src", "tests")


def console_folder(cache: Cache, report: Report) -> Path:
    """The built console's static files. Raises FetchFailed where it does not build."""

    def build(folder: Path) -> None:
        with cache.scratch("console") as scratch:
            report("installs the console's packages")
            work = _workshop(scratch)
            report("builds the console")
            node(["node_modules/typescript/bin/tsc", "--noEmit"], folder=work)
            node(["build.mjs"], folder=work)
            shutil.copytree(work / _DIST, folder / _DIST)

    return cache.entry("console", digest_of(*_pins()), build) / _DIST


def unit_tests(cache: Cache) -> str:
    """What the console's unit tests print. Raises FetchFailed where one fails."""
    with cache.scratch("console") as scratch:
        work = _workshop(scratch)
        node(["build.mjs", "--tests"], folder=work)
        return node(["--test", *sorted((work / "dist-test").glob("*.mjs"))], folder=work)


def browse(cache: Cache, told: Mapping[str, str]) -> str:
    """Use the console in a real browser (`tests/browser.mjs` says what `told` holds); what it saw, as JSON.

    Raises FetchFailed with what the page showed where it did not work.
    """
    with cache.scratch("console") as scratch:
        return node(["tests/browser.mjs"], folder=_workshop(scratch), settings=told)


def _workshop(scratch: Path) -> Path:
    """The console's sources with their packages installed."""
    if not SOURCE.is_dir():
        msg = f"{SOURCE} is not there: the console is built from a checkout of the repository"
        raise FetchFailed(msg)
    work = scratch / "console"
    work.mkdir()
    for name in _FILES:
        copy = shutil.copytree if (SOURCE / name).is_dir() else shutil.copy
        copy(SOURCE / name, work / name)
    npm(["ci", "--silent"], folder=work, scratch=scratch)
    return work


def _pins() -> list[bytes]:
    listed = [path for name in _FILES for path in (SOURCE / name, *sorted((SOURCE / name).rglob("*")))]
    return [part for path in listed if path.is_file() for part in (path.name.encode(), path.read_bytes())]


STEPS = [Step("console", console_folder)]
