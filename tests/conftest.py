"""What every test shares: the stack's fixtures, and the rule that nothing is skipped in continuous integration."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["vantage_stack.pytest_plugin"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def pets_folder() -> Path:
    """The PETS clip with ground truth, which lies beside the repository and is never a part of it."""
    folder = SHARED_DATA / "pets"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/pets: the PETS clip with its ground truth")
    return folder


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Turn a skip into a failure where nothing may be skipped."""
    outcome = yield
    report = outcome.get_result()
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be skipped: {report.longrepr}"
