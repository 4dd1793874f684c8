"""Blocking work beside the event loop: named threads, so many at work, so many waiting, and a clear no beyond."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from vantage_api.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """One kind of work. Used from one event loop."""

    def __init__(self, name: str, size: int, waiting: int) -> None:
        self._name = name
        self._free = size + waiting
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"api-{name}")

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the call, made in a thread. Raises Overloaded where too many wait already."""
        if self._free <= 0:
            msg = f"too much waits for {self._name}: try again in a few seconds"
            raise Overloaded(msg)
        self._free -= 1
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, lambda: call(*args, **kwargs))
        work.add_done_callback(self._finished)
        # a caller that goes away does not end the work, so it goes on holding its place
        return await asyncio.shield(work)

    def stop(self) -> None:
        """Take no more work; what runs ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _finished(self, work: "asyncio.Future[T]") -> None:
        self._free += 1
        if not work.cancelled():
            work.exception()  # an error that nobody waits for any more is no news
