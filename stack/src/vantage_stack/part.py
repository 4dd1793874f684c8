"""What the stack asks of each of its parts, and what it gives to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vantage_stack.cache import Cache
from vantage_stack.fetch import Step
from vantage_stack.ports import Ports
from vantage_stack.process import ManagedProcess


@dataclass(frozen=True)
class Site:
    """Where one part of one stack lives: a folder and a log of its own, the stack's ports, the user's cache."""

    folder: Path
    log: Path
    ports: Ports
    cache: Cache


class Part(Protocol):
    """One third-party program of the stack, made with its Site.

    It may be started again after its end, on its port and with its state. Its state is not its own to remove.
    """

    @property
    def name(self) -> str:
        """How messages name it."""
        ...

    @property
    def steps(self) -> Sequence[Step]:
        """What must be in the cache before it starts."""
        ...

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """Its programs, so that the stack sees when one of them ends by itself."""
        ...

    def start(self) -> None:
        """Start it and return when it is ready. Raises PartFailed."""
        ...

    def stop(self) -> None:
        """Stop it; no error where it has not started or has ended."""
        ...

    def environment(self) -> Mapping[str, str]:
        """The VANTAGE_* settings by which the services find it; after `start`."""
        ...
