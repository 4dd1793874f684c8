"""Where a camera's name leads: asked anew each time, checked answer by answer, pinned."""

from pathlib import Path

import pytest

from vantage.camera_networks import CameraNetworks, networks
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

from .names import NameServer

NETWORKS = CameraNetworks(networks("10.20.0.0/16,2a02:1234::/48"))
URL = "rtsp://pier-9.example:8554/x"


def test_a_name_is_asked_for_at_each_call_and_one_address_is_pinned() -> None:
    turns = [["A 10.20.0.5", "A 10.20.0.6"], ["A 10.20.0.7"], ["AAAA 2a02:1234::5"]]
    with NameServer({"pier-9.example": turns}) as server:
        resolver = Resolver(NETWORKS, server=server.address)
        found = [resolver.address(URL) for _ in turns]
    assert found[0].ip in {"10.20.0.5", "10.20.0.6"}
    assert [one.ip for one in found[1:]] == ["10.20.0.7", "2a02:1234::5"]
    assert {(one.host, one.port) for one in found} == {("pier-9.example", 8554)}
    assert len(server.asked) == 3


def test_an_alias_is_followed() -> None:
    with NameServer({"pier-9.example": [["CNAME x.example.", "x.example. A 10.20.0.5"]]}) as server:
        assert Resolver(NETWORKS, server=server.address).address(URL).ip == "10.20.0.5"


def test_an_address_is_not_asked_for() -> None:
    with NameServer({}) as server:
        resolver = Resolver(NETWORKS, server=server.address)
        assert resolver.address("rtsp://10.20.0.5/x").ip == "10.20.0.5"
        assert resolver.address("rtsps://[2a02:1234::5]/x").port == 322
    assert server.asked == []


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "a name that DNS does not know"),
        ({"pier-9.example": [[]]}, "has no address"),
        ({"pier-9.example": []}, "could not be resolved in time"),
    ],
)
def test_a_name_that_leads_nowhere_says_why(answers: dict[str, list[list[str]]], says: str) -> None:
    with NameServer(answers) as server, pytest.raises(StreamEnded, match=says) as ended:
        Resolver(NETWORKS, server=server.address, patience_s=0.3).address(URL)
    assert ended.value.cause is EndCause.UNREACHABLE
    assert "pier-9.example" in str(ended.value)


def test_the_file_of_hosts_counts_where_no_server_is_set(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("10.20.0.5 other PIER-9.example # the pier\n10.20.0.6 pier-9.example.org\n")
    assert Resolver(NETWORKS, hosts=hosts).address(URL).ip == "10.20.0.5"
    hosts.write_text("10.20.0.5 pier-9.example\n127.0.0.1 pier-9.example\n")
    with pytest.raises(StreamEnded, match=r"leads to 127\.0\.0\.1, which is this machine itself"):
        Resolver(NETWORKS, hosts=hosts).address(URL)
