"""A whole thread: parts, services and the files that an authority would have written, for demo, tests, benchmarks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vantage_stack.console import console_folder
from vantage_stack.service import Files
from vantage_stack.services import Say, Services
from vantage_stack.stack import Stack
from vantage_stack.street import RULES, Crowd, Intrusion, write_scheme


@dataclass(frozen=True)
class Thread:
    """A whole thread: cameras at one end, the gateway at the other."""

    stack: Stack
    services: Services


@contextmanager
def thread(
    name: str,
    cameras: int,
    *,
    rules: Sequence[Intrusion | Crowd] = RULES,
    api_port: int = 0,
    encrypted: bool | None = None,
    settings: dict[str, str] | None = None,
    say: Say = print,
    base: Path = Path(".stack"),
) -> Iterator[Thread]:
    """Parts and services, started and ready; ended and cleaned up afterwards."""
    with Stack(name, base=base, cameras=cameras, encrypted=encrypted, api_port=api_port) as stack:
        folder = stack.home.part("scheme-files")
        camera_file, rules_file = write_scheme(folder, stack.cameras, cameras, rules)
        files = Files(camera_file, rules_file, folder / "credentials", console_folder(stack.cache, lambda _: None))
        with Services(stack, files, settings=settings, say=say) as services:
            say("starting Kafka, object store, PostgreSQL, sign-in and cameras")
            stack.require(*stack.parts)
            say("starting the services")
            services.start()
            yield Thread(stack, services)
