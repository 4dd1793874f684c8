"""What the tests of the stack share: stacks of their own, so that they may break them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from vantage_stack.home import remove_state
from vantage_stack.stack import Stack

Make = Callable[..., Stack]
PLENTY_S = 60.0


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """A folder for the runs of the test's stacks; what they have left elsewhere goes with them."""
    base = tmp_path / "stacks"
    yield base
    for folder in base.iterdir():
        remove_state(folder)


@pytest.fixture
def make_stack(runs: Path) -> Iterator[Make]:
    """Make stacks; each is closed at the end."""
    with ExitStack() as open_stacks:
        yield lambda **options: open_stacks.enter_context(Stack("broken", base=runs, **options))


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait for a condition, with a generous deadline."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PLENTY_S
        while not condition():
            assert time.monotonic() < deadline, "the condition never came true"
            time.sleep(0.05)

    return wait
