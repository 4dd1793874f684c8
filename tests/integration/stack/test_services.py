"""Vantage's services on the stack: ready, restarted loudly when they end, and not for ever."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from vantage_stack.errors import PartFailed
from vantage_stack.service import Files
from vantage_stack.services import Services
from vantage_stack.stack import Stack

Eventually = Callable[[Callable[[], bool]], None]
Make = Callable[..., Services]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A scheme of no cameras and no rules."""
    (tmp_path / "cameras.yaml").write_text("cameras: []\n")
    (tmp_path / "rules.yaml").write_text("rules: []\n")
    return Files(tmp_path / "cameras.yaml", tmp_path / "rules.yaml", tmp_path / "credentials")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def services(stack: Stack, files: Files, said: list[str]) -> Iterator[Services]:
    settings = {"VANTAGE_CELL_ID": f"c{uuid4().hex[:8]}"}
    with Services(stack, files, settings=settings, say=said.append) as made:
        yield made


class TestStart:
    def test_returns_when_they_are_ready(self, services: Services) -> None:
        services.start(["scheme"])
        assert services.runner("scheme").waiting_for() == []
        assert "python_info" in services.runner("scheme").metrics()

    def test_the_credential_lies_where_ingest_looks_and_is_nobody_else_s(
        self, services: Services, files: Files, stack: Stack
    ) -> None:
        services.start(["scheme"])
        (secret,) = files.credentials.iterdir()
        assert secret.read_text() == stack.cameras.credential
        assert secret.stat().st_mode & 0o077 == 0


class TestRestart:
    def test_one_that_was_killed_is_started_again_and_it_is_said(
        self, services: Services, said: list[str], eventually: Eventually
    ) -> None:
        services.start(["scheme"])
        killed = services.pid("scheme")
        services.kill9("scheme")
        eventually(lambda: services.pid("scheme") != killed)
        services.wait_ready("scheme")
        assert said[0].startswith("services: scheme ended by itself (signal SIGKILL): start 1 of at most")

    def test_one_that_was_stopped_stays_so(self, services: Services, said: list[str]) -> None:
        services.start(["scheme"])
        services.stop("scheme")
        assert not services.runner("scheme").ended
        assert said == []

    def test_a_wrong_setting_is_said_and_not_tried_again(self, stack: Stack, files: Files, said: list[str]) -> None:
        wrong = {"VANTAGE_CELL_ID": "Not A Cell"}
        with (
            Services(stack, files, settings=wrong, say=said.append) as services,
            pytest.raises(PartFailed, match=r"exit code 78"),
        ):
            services.start(["scheme"])
        assert "VANTAGE_CELL_ID" in said[0]
        assert said[0].endswith("scheme is not started again")
