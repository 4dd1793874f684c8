"""What Vantage asks of an S3 store, a test for each demand, and the table that comes of it.

VANTAGE_STACK_STORE says which: `embedded` and `minio` are the stack's; `external` is one that VANTAGE_S3_ENDPOINT,
VANTAGE_S3_ACCESS_KEY, VANTAGE_S3_SECRET_KEY, VANTAGE_S3_SECURE and VANTAGE_S3_REGION name. VANTAGE_S3_REPORT is the
file that the table is written to.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.s3.buckets import Buckets
from tests.contract.s3.differences import DIFFERENCES
from tests.contract.s3.report import Report
from vantage.errors import VantageError
from vantage.objects import S3ObjectStore
from vantage.objects.s3_request import S3Request
from vantage.settings import ServiceSettings
from vantage_stack.stack import Stack

HERE = Path(__file__).parent
STORE = os.environ.get("VANTAGE_STACK_STORE") or "embedded"
REPORT = Report(STORE)


@pytest.fixture(scope="session")
def own_stack() -> Iterator[Stack]:
    """A stack whose store speaks TLS, without which no store takes keys."""
    with Stack("s3-suite", encrypted=True) as made:
        made.require("store")
        yield made


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> S3ObjectStore:
    """The store that the demands are made of."""
    if STORE != "external":
        own_stack: Stack = request.getfixturevalue("own_stack")
        return own_stack.store.access.open()
    os.environ.setdefault("VANTAGE_KAFKA_BOOTSTRAP", "unused:1")
    return S3ObjectStore.from_settings(ServiceSettings.load())


@pytest.fixture(scope="session")
def send(store: S3ObjectStore) -> S3Request:
    """A request of one's own, signed: for what neither the port nor minio-py asks of a store."""
    return store._versions._request


@pytest.fixture(scope="session")
def buckets(store: S3ObjectStore) -> Iterator[Buckets]:
    """Makes buckets, and removes at the end what no lock keeps; what an earlier run had to leave goes as well."""
    made = Buckets(store)
    yield made
    REPORT.left = made.remove()


@pytest.fixture
def bucket(buckets: Buckets) -> str:
    """An ordinary bucket of the test's own."""
    return buckets.make()


@pytest.fixture
def versioned(buckets: Buckets) -> str:
    """One that keeps versions."""
    return buckets.make(versions=True)


@pytest.fixture
def locked(buckets: Buckets) -> str:
    """One that was made with lock."""
    return buckets.make(lock=True)


@pytest.fixture
def note() -> Callable[[str], None]:
    """Takes a line of what was measured, for below the table."""
    return REPORT.notes.append


@pytest.fixture
def not_offered() -> Callable[[str], None]:
    """Ends a test of what a store need not have."""
    return lambda why: pytest.xfail(f"not offered: {why}")


@pytest.fixture
def restartable(request: pytest.FixtureRequest, not_offered: Callable[[str], None]) -> object:
    """The stack, whose store can be killed and started again."""
    if STORE == "external":
        not_offered("the suite cannot restart a store that is not its own")
    return request.getfixturevalue("own_stack")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A difference that is known has to be there: one that has gone fails, so that the table does not grow old."""
    for item in items:
        why = DIFFERENCES.get(STORE, {}).get(getattr(item, "originalname", ""))
        if why and item.path.is_relative_to(HERE):
            raises = (AssertionError, pytest.fail.Exception, VantageError)
            item.add_marker(pytest.mark.xfail(reason=f"differs: {why}", strict=True, raises=raises))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep what came of each demand."""
    outcome = yield
    REPORT.add(item, outcome.get_result())  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it where it is wanted."""
    terminalreporter.write_line(f"\n{REPORT.text()}")
    if path := os.environ.get("VANTAGE_S3_REPORT"):
        Path(path).write_text(REPORT.text() + "\n")
