"""Free ports on loopback, kept from the moment of choosing to the end of the stack.

A port is reserved by a socket that is bound and never listens. It is bound without SO_REUSEADDR, which fails where
anybody has the port, and given that option afterwards: then a server that sets it too, as all of ours do, may listen
there although the reservation stands, and nobody is ever handed the port in between (Linux).
"""

import errno
import socket
from types import TracebackType
from typing import Self

from vantage_stack.errors import PortTaken

HOST = "127.0.0.1"


class Ports:
    """The ports of one stack; closing frees them."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def free(self) -> int:
        """Any port that nobody has."""
        return self.take(0)

    def take(self, port: int) -> int:
        """This very port. Raises PortTaken where another program has it."""
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind((HOST, port))
        except OSError as error:
            held.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            msg = f"port {port} on {HOST} is taken ({error.strerror}): end the program that has it, or choose another"
            raise PortTaken(msg) from error
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.append(held)
        return int(held.getsockname()[1])

    def close(self) -> None:
        """Give every port back."""
        while self._held:
            self._held.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def listens(port: int, host: str = HOST) -> bool:
    """Whether somebody accepts connections there: the simplest probe of readiness."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
