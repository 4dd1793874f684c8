"""A wrong setting ends the start with a line that names the variable, the value and what to do, and no secret."""

from typing import Self

import pytest
from pydantic import Field, model_validator

from vantage.errors import StartupError
from vantage.settings import PostgresSettings, ServiceSettings

GOOD = {
    "VANTAGE_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "VANTAGE_S3_ENDPOINT": "127.0.0.1:9000",
    "VANTAGE_S3_ACCESS_KEY": "the-access-key",
    "VANTAGE_S3_SECRET_KEY": "the-secret-key",
}


@pytest.fixture(autouse=True)
def _good(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def complaint(settings: type[ServiceSettings] = ServiceSettings) -> str:
    with pytest.raises(StartupError) as found:
        settings.load()
    assert found.value.exit_code == 78
    return str(found.value)


def test_reads_the_environment() -> None:
    settings = ServiceSettings.load()
    assert settings.kafka_bootstrap == "127.0.0.1:9092"
    assert settings.s3_secret_key.get_secret_value() == "the-secret-key"


def test_every_field_says_what_it_is_for() -> None:
    for settings in (ServiceSettings, PostgresSettings):
        assert all(field.description for field in settings.model_fields.values())


def test_each_missing_variable_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)
    lines = complaint(PostgresSettings).splitlines()
    assert [line.split()[0] for line in lines] == [*GOOD, "VANTAGE_POSTGRES_DSN"]
    assert all("is not set" in line and "set it (" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("VANTAGE_CELL_ID", "Hong Kong", "The cell this service runs in"),
        ("VANTAGE_REPLICA", "a/b", "This replica's name"),
        ("VANTAGE_KAFKA_BOOTSTRAP", "", "host:port, separated by commas"),
        ("VANTAGE_KAFKA_BOOTSTRAP", "localhost", "host:port, separated by commas"),
        ("VANTAGE_KAFKA_SESSION_TIMEOUT_MS", "100", "6000"),
        ("VANTAGE_S3_ENDPOINT", "http://127.0.0.1:9000", "without http://"),
        ("VANTAGE_S3_SECURE", "perhaps", "speaks TLS"),
        ("VANTAGE_HEALTH_PORT", "70000", "65535"),
        ("VANTAGE_OTLP_ENDPOINT", "collector:4318", "OpenTelemetry collector"),
        ("VANTAGE_LOG_LEVEL", "loud", "Least level"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = complaint().splitlines()
    assert line.startswith(f"{name} is {value!r}: ")
    assert says in line


def test_a_long_value_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTAGE_LOG_LEVEL", "x" * 10_000)
    assert len(complaint()) < 300


class Strict(ServiceSettings):
    pair: int = Field(1, description="Must be one.")
    names: list[str] = Field([], description="Some names.")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.pair != 1:
            msg = "pair must be 1"
            raise ValueError(msg)
        return self


class TestSecrets:
    def test_are_not_shown_where_the_settings_do_not_fit_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VANTAGE_PAIR", "2")
        said = complaint(Strict)
        assert "pair must be 1" in said
        assert "the-secret-key" not in said
        assert "the-access-key" not in said

    def test_are_not_shown_when_settings_are_printed(self) -> None:
        assert "the-secret-key" not in repr(ServiceSettings.load())


def test_a_list_that_is_not_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTAGE_NAMES", "a, b")
    said = complaint(Strict)
    assert "names" in said
    assert "JSON" in said
