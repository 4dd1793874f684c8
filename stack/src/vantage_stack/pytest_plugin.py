"""The stack's parts as fixtures: one stack a session, each part started when a test first asks for it.

The parts are shared by all tests of a run, so a test uses camera ids, keys and consumer groups of its own.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from vantage.objects import S3ObjectStore
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.oidc.provider import OpenIdProvider
from vantage_stack.stack import Stack
from vantage_stack.store import S3Access


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The session's stack, with nothing started yet."""
    with Stack("tests") as made:
        yield made


@pytest.fixture(scope="session")
def kafka_bootstrap(stack: Stack) -> str:
    """Kafka's address; the topics are there, joined ones with four partitions."""
    stack.require("kafka")
    return stack.kafka.bootstrap


@pytest.fixture(scope="session")
def s3(stack: Stack) -> S3Access:
    """Endpoint and keys of the object store."""
    stack.require("store")
    return stack.store.access


@pytest.fixture(scope="session")
def object_store(s3: S3Access) -> S3ObjectStore:
    """The SDK's object store on the real one."""
    return s3.open()


@pytest.fixture(scope="session")
def postgres_dsn(stack: Stack) -> str:
    """The administrator's DSN."""
    stack.require("postgres")
    return stack.postgres.dsn


@pytest.fixture(scope="session")
def postgres_dsns(stack: Stack) -> Mapping[str, str]:
    """The DSN of each service's role: storage, alerts, api."""
    stack.require("postgres")
    return stack.postgres.dsns


@pytest.fixture(scope="session")
def virtual_cameras(stack: Stack) -> VirtualCameras:
    """Cameras that can be made to fail."""
    stack.require("cameras")
    return stack.cameras


@pytest.fixture(scope="session")
def oidc(stack: Stack) -> OpenIdProvider:
    """Sign-in: `token(client)` gives access tokens of confidential clients."""
    stack.require("oidc")
    return stack.oidc


@pytest.fixture(scope="session")
def model_dir(stack: Stack) -> Path:
    """The folder with the detector's models."""
    return stack.model_dir


@pytest.fixture
def service_environment(stack: Stack) -> dict[str, str]:
    """The VANTAGE_* settings of all parts that are up."""
    return stack.environment()
