"""Attacks by a camera's address: all of them are refused, at the camera file and at the connection."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from vantage.camera_networks import CameraNetworks, networks
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded
from vantage_scheme.domain.camera_entry import SourceEntry
from vantage_scheme.domain.problem import shown

from .names import Lines, NameServer

CORPUS: dict[str, dict[str, list[Any]]] = yaml.safe_load(Path(__file__).with_name("address_corpus.yaml").read_text())
NETWORKS = CameraNetworks(networks("10.20.0.0/16,2a02:1234::/48"), networks("10.20.240.0/20"))
ADDRESSES = [(reason, url) for reason, urls in CORPUS["addresses"].items() for url in urls]
NAMES = [(reason, turns) for reason, names in CORPUS["names"].items() for turns in names]
REFUSALS = (EndCause.BAD_ADDRESS, EndCause.FORBIDDEN_ADDRESS)
PASSWORD = "hunter2"


@pytest.mark.parametrize("field", ["url", "sub_url"])
@pytest.mark.parametrize(("reason", "url"), ADDRESSES)
def test_the_camera_file_refuses(reason: str, url: str, field: str) -> None:
    good = {"url": "rtsp://10.20.0.5/x"}
    with pytest.raises(ValidationError) as refused:
        SourceEntry.model_validate({**good, field: url}, context={"networks": NETWORKS})
    (error,) = refused.value.errors()
    assert error["loc"] == (field,), reason
    assert PASSWORD not in str(error["ctx"]["error"]) + shown(url)
    assert "; " in str(error["ctx"]["error"]), "it says what to do"


@pytest.mark.parametrize(("reason", "url"), ADDRESSES)
def test_the_connection_refuses(reason: str, url: str) -> None:
    with pytest.raises(StreamEnded) as refused:
        Resolver(NETWORKS, server="127.0.0.1:9").address(url)
    assert refused.value.cause in REFUSALS, reason
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(("reason", "turns"), NAMES)
def test_the_connection_refuses_a_name_that(reason: str, turns: list[Lines]) -> None:
    with NameServer({"camera.example": turns}) as server:
        resolver = Resolver(NETWORKS, server=server.address)
        for _ in turns[:-1]:
            assert resolver.address("rtsp://camera.example/x").ip == "10.20.0.5"
        with pytest.raises(StreamEnded) as refused:
            resolver.address("rtsp://camera.example/x")
    assert refused.value.cause is EndCause.FORBIDDEN_ADDRESS, reason


def test_no_case_is_there_twice() -> None:
    urls = [url for _, url in ADDRESSES]
    assert sorted(urls) == sorted(set(urls))


@pytest.mark.parametrize("cases", [len(ADDRESSES) + len(NAMES)], ids=lambda cases: f"{cases}-cases")
def test_the_corpus_has_at_least_150_cases(cases: int) -> None:
    assert cases >= 150
