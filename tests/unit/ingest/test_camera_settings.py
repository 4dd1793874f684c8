"""Where cameras stand has to be said before any is opened."""

import pytest

from vantage.errors import StartupError
from vantage_ingest.camera_settings import CameraSettings
from vantage_ingest.settings import IngestSettings

ELSE = {
    "VANTAGE_KAFKA_BOOTSTRAP": "127.0.0.1:9",
    "VANTAGE_S3_ENDPOINT": "127.0.0.1:9",
    "VANTAGE_S3_ACCESS_KEY": "a",
    "VANTAGE_S3_SECRET_KEY": "b",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VANTAGE_CAMERA_NETWORKS", raising=False)
    for name, value in ELSE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("settings", [CameraSettings, IngestSettings])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "VANTAGE_CAMERA_NETWORKS is not set"),
        ("", "names no network"),
        (" , ", "names no network"),
        ("camera.example", "is not a network"),
        ("10.20.0.1/16", "host bits"),
        ("0.0.0.0/0", "wider than /8"),
        ("10.20.0.0/16,224.0.0.0/8", "multicast"),
    ],
)
def test_without_usable_networks_it_does_not_start(
    settings: type[CameraSettings], value: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("VANTAGE_CAMERA_NETWORKS", value)
    with pytest.raises(StartupError, match=says) as refused:
        settings.load()
    assert refused.value.exit_code == 78
    assert "VANTAGE_CAMERA_NETWORKS" in str(refused.value)


@pytest.mark.parametrize("value", ["dns.example:53", "10.0.0.1", "10.0.0.1:x", "[::1]"])
def test_a_resolver_is_an_address_and_a_port(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTAGE_CAMERA_NETWORKS", "10.20.0.0/16")
    monkeypatch.setenv("VANTAGE_INGEST_RESOLVER", value)
    with pytest.raises(StartupError, match="VANTAGE_INGEST_RESOLVER"):
        CameraSettings.load()


def test_the_cluster_is_no_place_for_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTAGE_CAMERA_NETWORKS", "10.0.0.0/8")
    monkeypatch.setenv("VANTAGE_CLUSTER_NETWORKS", "10.96.0.0/12,10.244.0.0/16")
    found = CameraSettings.load().networks
    assert found.refusal("10.96.0.1") == "is an address of the cluster"
    assert found.refusal("10.20.0.5") is None
