"""Cameras that answer WS-Discovery: who is there, which is no word on whether they may be opened."""

from collections.abc import Sequence
from contextlib import closing
from urllib.parse import urlsplit

import msgspec
from wsdiscovery import QName
from wsdiscovery.discovery import ThreadedWSDiscovery

from vantage.camera_networks import CameraNetworks

_TRANSMITTER = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")


class Found(msgspec.Struct, frozen=True):
    """A device's address as it announces it, its scopes, and why it may not be opened."""

    address: str
    scopes: list[str]
    refused: str


def discover(networks: CameraNetworks, seconds: int) -> list[Found]:
    """Ask the networks that this machine is in, for so many seconds."""
    searching = ThreadedWSDiscovery()
    searching.start()
    with closing(_Stopping(searching)):
        services = searching.searchServices(types=[_TRANSMITTER], timeout=seconds)
    found = [
        Found(address, _names(service.getScopes()), refusal(address, networks))
        for service in services
        for address in service.getXAddrs()
    ]
    return sorted(found, key=lambda one: one.address)


def refusal(address: str, networks: CameraNetworks) -> str:
    """Why a device may not be opened; empty where it may. Its name, if it has one, is looked at when it is probed."""
    try:
        host = urlsplit(address).hostname or ""
        return networks.refusal(host) or ""
    except ValueError:
        return "announces no IP address"


class _Stopping:
    def __init__(self, searching: ThreadedWSDiscovery) -> None:
        self._searching = searching

    def close(self) -> None:
        self._searching.stop()


def _names(scopes: Sequence[object]) -> list[str]:
    """What the device says of itself in its scopes."""
    texts = [str(scope.getValue()) for scope in scopes if hasattr(scope, "getValue")]
    return [text.removeprefix("onvif://www.onvif.org/") for text in texts if text.startswith("onvif://")]
