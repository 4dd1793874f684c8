"""Kafka's jars in the cache: downloaded side by side, each held to the lock."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext
from requests import RequestException

from vantage_stack.cache import Cache, digest_of
from vantage_stack.errors import FetchFailed, PinBroken
from vantage_stack.fetch import Report, Step
from vantage_stack.kafka.lock import LOCK, Jar, maven_at, read_lock

_AT_ONCE = 6
_TRIES = 3


def jars(cache: Cache, report: Report) -> Path:
    """The folder with Kafka's jars, exactly those of the lock."""

    def build(folder: Path) -> None:
        with cache.scratch("kafka") as scratch:
            download(read_lock(), scratch, folder, report)

    return cache.entry("kafka", digest_of(LOCK.read_text()), build)


def download(wanted: Sequence[Jar], scratch: Path, folder: Path, report: Report) -> None:
    """Bring the wanted jars into the folder. Raises FetchFailed, PinBroken where a jar is not what the lock names."""
    maven, done = maven_at(scratch), 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="jar") as pool:
        for jar, path in zip(wanted, pool.map(lambda jar: _download(jar, maven), wanted), strict=True):
            shutil.move(path, folder / jar.file)
            done += 1
            report(f"{done} of {len(wanted)} jars")


def _download(jar: Jar, maven: MavenContext) -> Path:
    problem: Exception | None = None
    for _ in range(_TRIES):
        try:
            return jar.download(maven)
        except PinBroken:
            raise
        except (RequestException, RuntimeError, OSError) as error:  # jgo raises the second for a missing artifact
            problem = error
    msg = f"cannot download {jar.coordinate}: {problem}; check the network to Maven's repository and fetch again"
    raise FetchFailed(msg)


STEPS = [Step("Kafka", jars)]
