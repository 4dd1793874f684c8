"""A camera's address, and the networks for cameras. What is refused is in tests/unit/ingest/address_corpus.yaml."""

import string
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.camera_address import BadAddress, CameraAddress, without_secrets
from vantage.camera_networks import BadNetworks, CameraNetworks, networks

CAMERAS = CameraNetworks(networks("10.20.0.0/16, 2a02:1234::/48"))


@pytest.mark.parametrize(
    ("url", "host", "port", "literal"),
    [
        ("rtsp://10.20.0.5/x", "10.20.0.5", 554, True),
        ("rtsps://10.20.0.5/", "10.20.0.5", 322, True),
        ("rtsp://10.20.0.5:8554/Streaming/Channels/101?transportmode=unicast", "10.20.0.5", 8554, True),
        ("rtsp://10.20.0.5/cam/realmonitor?channel=1&subtype=0", "10.20.0.5", 554, True),
        ("rtsp://10.20.0.5/axis-media/media.amp?videocodec=h264&camera=1", "10.20.0.5", 554, True),
        ("rtsp://10.20.0.5/a%20b/%E4%B8%AD?passage=1&tcpdump=no", "10.20.0.5", 554, True),
        ("rtsp://10.20.0.5/user@place:1", "10.20.0.5", 554, True),
        ("rtsp://Pier-9.Cameras.Example:554/x", "pier-9.cameras.example", 554, False),
        ("rtsp://xn--bcher-kva.example/x", "xn--bcher-kva.example", 554, False),
        ("rtsp://camera/x", "camera", 554, False),
        ("rtsp://[2a02:1234::5]:554/x", "2a02:1234::5", 554, True),
        ("rtsp://[2A02:1234::5]/x", "2a02:1234::5", 554, True),
    ],
)
def test_an_address_of_a_camera_is_taken_apart(url: str, host: str, port: int, literal: bool) -> None:
    address = CameraAddress.parse(url)
    assert (address.url, address.host, address.port) == (url, host, port)
    assert address.ip == (ip_address(host) if literal else None)
    assert CAMERAS.literal_refusal(address) is None


@given(st.text(alphabet=string.printable, max_size=60))
def test_whatever_is_written_is_taken_or_refused_in_words(text: str) -> None:
    refused: BadAddress | None
    for url in (text, f"rtsp://{text}", f"rtsp://10.20.0.5{text}", f"rtsp://10.20.0.5/{text}"):
        try:
            CameraAddress.parse(url)
        except BadAddress as error:
            refused = error
        else:
            refused = None
        assert refused is None or (refused.wrong and refused.remedy)
        assert refused or (url.isprintable() and "@" not in url.partition("://")[2].partition("/")[0])


@given(st.text(alphabet=string.ascii_letters, min_size=8), st.sampled_from(["rtsp://", "http://", "rtsp:/", ""]))
def test_a_password_is_stars_wherever_it_stands(password: str, scheme: str) -> None:
    for text in (f"{scheme}u:{password}@h/x", f"{scheme}u:a/{password}@h/x", f"{scheme}h/x?password={password}&a=1"):
        assert password not in without_secrets(text)
    assert without_secrets("rtsp://10.20.0.5/x") == "rtsp://10.20.0.5/x"


@given(st.ip_addresses())
def test_nothing_outside_the_named_networks_is_allowed(ip: object) -> None:
    text = str(ip)
    if CAMERAS.refusal(text) is None:
        assert any(ip_address(text) in network for network in networks("10.20.0.0/16,2a02:1234::/48"))


@pytest.mark.parametrize(
    ("named", "ip", "allowed"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.2/32", "127.0.0.1", False),
        ("127.0.0.2/32", "127.0.0.2", True),
        ("169.254.0.0/16", "169.254.7.7", True),
        ("169.254.0.0/16", "169.254.169.254", False),
        ("169.254.169.254/32", "169.254.169.254", True),
        ("198.0.0.0/8", "198.18.0.1", False),
        ("100.64.0.0/10", "100.64.0.1", True),
        ("100.64.0.0/10", "100.100.100.200", False),
        ("::1/128", "::1", True),
        ("64:ff9b::a14:0/112", "64:ff9b::a14:5", True),
        ("10.20.0.4/31", "10.20.0.4", True),
        ("10.20.0.4/30", "10.20.0.4", False),
    ],
)
def test_a_range_is_opened_only_by_a_network_inside_it(named: str, ip: str, allowed: bool) -> None:
    assert (CameraNetworks(networks(named)).refusal(ip) is None) is allowed


@pytest.mark.parametrize(
    ("named", "allowed"), [("10.0.0.0/8", False), ("10.20.0.0/16", True), ("10.20.8.0/24", True), ("", False)]
)
def test_the_cluster_is_opened_only_by_a_network_inside_it(named: str, allowed: bool) -> None:
    cameras = CameraNetworks(networks(named), networks("10.16.0.0/12"))
    assert (cameras.refusal("10.20.8.5") is None) is allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.20.0.5/16", "host bits"),
        ("camera", "not a network"),
        ("0.0.0.0/0", "wider than /8"),
        ("::/0", "wider than /32"),
        ("224.0.0.0/8", "multicast"),
        ("::ffff:a14:0/112", "IPv4 address in IPv6 clothes"),
        ("2002:a14::/32", "tunnel"),
    ],
)
def test_networks_where_no_camera_can_stand_are_refused(text: str, says: str) -> None:
    with pytest.raises(BadNetworks, match=says):
        CameraNetworks(networks(text))
