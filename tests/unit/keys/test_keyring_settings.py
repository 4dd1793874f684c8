"""Encryption at rest is on or off by the settings, and no setting lets a key cross a network in the clear."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from vantage.errors import StartupError
from vantage.objects import S3ObjectStore
from vantage.objects.http_keyring import HttpKeyring
from vantage.settings import ServiceSettings


def settings(**changes: object) -> ServiceSettings:
    given = {
        "kafka_bootstrap": "127.0.0.1:9",
        "s3_endpoint": "127.0.0.1:9",
        "s3_access_key": "key",
        "s3_secret_key": "secret",
        "keys_url": "https://keys.example:8443",
        "keys_token": "t" * 32,
        **changes,
    }
    return ServiceSettings.model_validate(given)


def test_without_a_custodian_nothing_is_encrypted() -> None:
    assert S3ObjectStore.from_settings(settings(keys_url="")).keyring is None


def test_with_a_custodian_the_store_has_a_keyring() -> None:
    assert isinstance(S3ObjectStore.from_settings(settings()).keyring, HttpKeyring)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"s3_secure": False}, "over TLS alone"),
        ({"keys_token": ""}, "without VANTAGE_KEYS_TOKEN"),
        ({"keys_url": "http://keys.example:8443"}, "write https://"),
        ({"keys_url": "http://127.0.0.1.example"}, "write https://"),
    ],
)
def test_what_would_show_a_key_ends_the_start(changes: dict[str, object], why: str) -> None:
    with pytest.raises(StartupError, match=why):
        S3ObjectStore.from_settings(settings(**changes))


@pytest.mark.parametrize("setting", ["keys_ca", "s3_ca"])
def test_an_authority_that_is_not_there_is_a_wrong_setting(setting: str) -> None:
    with pytest.raises(ValidationError, match=f"{setting}\n.*does not point to a file"):
        settings(**{setting: "nowhere.pem"})


def test_on_loopback_a_custodian_may_speak_in_the_clear() -> None:
    assert S3ObjectStore.from_settings(settings(keys_url="http://127.0.0.1:8443")).keyring is not None


def test_an_authority_of_one_s_own_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    assert S3ObjectStore.from_settings(settings(keys_ca=tmp_path / "ca.pem", s3_ca=tmp_path / "ca.pem")).keyring
