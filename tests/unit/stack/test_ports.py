"""Ports: a reserved one is nobody else's, and the one it was reserved for may listen on it."""

import socket

import pytest

from vantage_stack.errors import PortTaken
from vantage_stack.ports import HOST, Ports, listens


def serve(port: int) -> socket.socket:
    """A server as ours are: with SO_REUSEADDR."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, port))
    server.listen()
    return server


class TestReservation:
    def test_ports_are_different(self) -> None:
        with Ports() as ports:
            assert len({ports.free() for _ in range(50)}) == 50

    def test_the_one_it_is_for_may_listen(self) -> None:
        with Ports() as ports:
            port = ports.free()
            assert not listens(port)
            with serve(port):
                assert listens(port)

    def test_another_stack_cannot_take_it(self) -> None:
        with Ports() as ours, Ports() as theirs:
            port = ours.free()
            with pytest.raises(PortTaken, match=f"port {port} .* choose another"):
                theirs.take(port)

    def test_is_given_back(self) -> None:
        with Ports() as ports:
            port = ports.free()
        with Ports() as ports:
            assert ports.take(port) == port


class TestTaken:
    def test_a_port_that_somebody_listens_on_is_refused(self) -> None:
        with serve(0) as server, Ports() as ports, pytest.raises(PortTaken, match="end the program that has it"):
            ports.take(server.getsockname()[1])
