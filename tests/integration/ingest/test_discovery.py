"""`vantage-ingest probe --discover` among devices that announce themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing

from vantage.camera_networks import CameraNetworks, networks
from vantage_ingest.onvif.discovery import refusal

from .test_probe import Fitter

CAMERA = "http://10.20.0.5/onvif/device_service"
STRANGER = "http://10.21.0.5/onvif/device_service"
TRIES = 5


@pytest.fixture
def announced() -> Iterator[None]:
    """A device that announces an address where cameras stand, and one elsewhere."""
    publishing = ThreadedWSPublishing()
    publishing.start()
    kind = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
    scope = Scope("onvif://www.onvif.org/name/Pier")
    publishing.publishService(types=[kind], scopes=[scope], xAddrs=[CAMERA, STRANGER])
    yield
    publishing.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the library's, without IPv6
@pytest.mark.usefixtures("announced")
def test_addresses_are_listed_with_why_they_may_not_be_opened(tmp_path: Path) -> None:
    found: dict[str, Any] = {}
    for _ in range(TRIES):
        done = Fitter(tmp_path).run("--discover", "--seconds", "2", "--json", allowed="10.20.0.0/16")
        assert done.returncode == 0, done.stderr
        found |= {one["address"]: one for one in json.loads(done.stdout)}
        if {CAMERA, STRANGER} <= found.keys():
            break
    if not found.keys() & {CAMERA, STRANGER}:
        pytest.skip("multicast does not reach this machine itself")
    assert (found[CAMERA]["refused"], found[CAMERA]["scopes"]) == ("", ["name/Pier"])
    assert found[STRANGER]["refused"] == "is in no network for cameras"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://10.20.0.5/x", ""),
        ("http://127.0.0.1/x", "is this machine itself"),
        ("http://[::ffff:10.20.0.5]/x", "is an IPv4 address in IPv6 clothes"),
        ("http://camera.local/x", "announces no IP address"),
        ("http://[fe80::1%25eth0]/x", "is a link-local address"),
        ("", "announces no IP address"),
        ("http://[", "announces no IP address"),
    ],
)
def test_what_a_device_announces_is_judged_by_its_address(address: str, says: str) -> None:
    assert refusal(address, CameraNetworks(networks("10.20.0.0/16"))) == says
