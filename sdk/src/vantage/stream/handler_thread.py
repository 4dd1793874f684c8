"""The one thread that a handler runs in."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import Queue

_MOST_WAITING = 1000  # a batch, and what a rebalance has to tell the handler: far more than ever wait


class HandlerThread:
    """Runs what it is given, one after the other. A daemon: a handler that hangs must not hold up the process's end."""

    def __init__(self, name: str) -> None:
        self._calls: Queue[tuple[Future[None], Callable[[], None]] | None] = Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to run calls."""
        self._thread.start()

    def submit(self, call: Callable[[], None]) -> Future[None]:
        """Run the call after those before it."""
        future: Future[None] = Future()
        self._calls.put((future, call))
        return future

    def stop(self) -> None:
        """End when what was submitted is done; does not wait."""
        self._calls.put(None)

    def _run(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            try:
                call()
            except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
                future.set_exception(error)
            else:
                future.set_result(None)


def done(job: Future[None], seconds: float) -> bool:
    """Whether the job ends within so many seconds."""
    return not wait([job], seconds).not_done
