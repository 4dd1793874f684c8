"""A control room's own program, in short: it signs in as itself, follows the alerts, and asks the gateway."""

import threading
import time
from collections.abc import Callable

from vantage.client import AlertStream, Gateway, StreamedAlert
from vantage_stack.stack import Stack

_TOKEN_FOR_S = 120.0


class CachedToken:
    """A control room's token, asked for anew before it ends."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """A token that is good for a while."""
        if time.monotonic() >= self._until:
            self._token, self._until = self._ask(), time.monotonic() + _TOKEN_FOR_S
        return self._token


class Subscriber:
    """Follows the stream in a thread of its own and keeps what came: what comes, or all after the cursor `after`."""

    def __init__(self, gateway: Gateway, take: Callable[[StreamedAlert], None], *, after: str = "") -> None:
        self._stop = threading.Event()
        self.stream = AlertStream(gateway, after=after, stop=self._stop)
        self._take = take
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self._thread.start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the stream is open: from then on no alert is missed. Whether it came to that in time."""
        return self.stream.connected.wait(timeout_s)

    def _run(self) -> None:
        try:
            for alert in self.stream:
                self._take(alert)
        except Exception as error:  # noqa: BLE001  # whatever it is, the one who waits has to hear of it
            self.failure = error

    def stop(self) -> None:
        """Stop following; the thread ends with the stream's next line."""
        self._stop.set()


def gateway_of(stack: Stack, client: str = "control-room") -> Gateway:
    """The stack's gateway, for a system that signs in as itself."""
    return Gateway(stack.api_origin, CachedToken(lambda: stack.oidc.token(client)))
