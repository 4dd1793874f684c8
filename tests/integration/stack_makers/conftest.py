"""Parts of their own for these tests, which break them: nobody else's cameras stall because of a test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vantage_stack.cache import Cache
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.oidc.provider import OpenIdProvider
from vantage_stack.part import Site
from vantage_stack.ports import Ports


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("part")
    with Ports() as ports:
        yield Site(folder, folder / "log", ports, Cache())


@pytest.fixture(scope="module")
def cameras(site: Site) -> Iterator[VirtualCameras]:
    part = VirtualCameras(site, count=8)
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="module")
def provider(site: Site) -> Iterator[OpenIdProvider]:
    part = OpenIdProvider(site)
    part.start()
    yield part
    part.stop()


@pytest.fixture
def other_clip(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"
