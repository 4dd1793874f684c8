"""What every service is told by its environment. A service subclasses `ServiceSettings` and adds its own fields.

A wrong value ends the start with one line a field: the variable, the value, and what to do.
"""

import socket
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from vantage.camera_networks import CameraNetworks, Network, networks
from vantage.errors import StartupError

PREFIX = "VANTAGE_"
_SHOWN = 60

NetworkList = Annotated[
    tuple[Network, ...],
    NoDecode,
    BeforeValidator(lambda text: networks(text) if isinstance(text, str) else text),
]
"""Networks in CIDR notation, separated by commas."""


def _for_cameras(found: tuple[Network, ...]) -> tuple[Network, ...]:
    CameraNetworks(found)
    return found


CameraNetworkList = Annotated[NetworkList, AfterValidator(_for_cameras)]
"""Networks where cameras can stand, written likewise."""


class Settings(BaseSettings):
    """Settings that are read from `VANTAGE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    @classmethod
    def load(cls) -> Self:
        """The settings from the environment.

        Raises StartupError with a line for each field that is missing or wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            raise StartupError("\n".join(_line(cls, problem) for problem in error.errors())) from None
        except SettingsError as error:  # a value that should be JSON
            msg = f"{error}: write its variable ({PREFIX}<FIELD>) as JSON"
            raise StartupError(msg) from None


class ProcessSettings(Settings):
    """The settings that every process shares, one that may not reach the object store among them."""

    cell_id: str = Field("hk1", pattern=r"^[a-z0-9][a-z0-9-]{0,15}$", description="The cell this service runs in.")
    replica: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9._-]{1,128}$",
        description="This replica's name: its static membership in consumer groups, so a restart moves no partition.",
    )
    kafka_bootstrap: str = Field(
        pattern=r"^[^\s,/]+:\d+(,[^\s,/]+:\d+)*$", description="Kafka's addresses, host:port, separated by commas."
    )
    kafka_session_timeout_ms: int = Field(
        10_000,
        ge=6_000,
        le=60_000,
        description="After this long without a heartbeat the broker gives a replica's partitions to another. Shorter "
        "recovers sooner, longer survives longer pauses of a busy machine.",
    )
    health_host: str = Field("127.0.0.1", description="Address of the health endpoint; 0.0.0.0 in a container.")
    health_port: int = Field(0, ge=0, le=65535, description="Port of /healthz, /readyz, /metrics; 0 takes any.")
    otlp_endpoint: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="OpenTelemetry collector (OTLP over HTTP); empty switches traces off.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")
    state_dir: Path = Field(Path("state"), description="Folder for what this replica keeps on local disk.")


class ServiceSettings(ProcessSettings):
    """The settings that every service of a cell shares."""

    s3_endpoint: str = Field(pattern=r"^[^\s/]+$", description="The object store, host:port, without http://.")
    s3_access_key: SecretStr = Field(description="Access key of this service at the object store.")
    s3_secret_key: SecretStr = Field(description="Secret key of this service at the object store.")
    s3_secure: bool = Field(default=True, description="Whether the object store speaks TLS.")
    s3_region: str = Field("us-east-1", description="Region name that the store expects in signatures.")
    s3_ca: FilePath | None = Field(None, description="PEM file of the authority behind the object store's certificate.")
    keys_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="The custodian of keys, https://host:port; empty leaves objects unencrypted in the store.",
    )
    keys_token: SecretStr = Field(SecretStr(""), description="This service's own token at the custodian.")
    keys_ca: FilePath | None = Field(None, description="PEM file of the authority behind the custodian's certificate.")
    keys_fresh_seconds: float = Field(
        60.0,
        gt=0,
        le=900,
        description="How long a key is used before the custodian is asked again: so long may one be used after its "
        "destruction, and so long do readers go on while the custodian is away.",
    )


class PostgresSettings(ServiceSettings):
    """The settings of a service that keeps a schema in PostgreSQL."""

    postgres_dsn: SecretStr = Field(description="PostgreSQL connection string (libpq).")


def _line(settings: type[Settings], problem: ErrorDetails) -> str:
    if not problem["loc"]:  # the input is every setting then, secrets included
        return f"the settings do not fit together: {problem['msg']}"
    name = str(problem["loc"][0])
    field = settings.model_fields.get(name)
    purpose = f" ({field.description})" if field and field.description else ""
    value = "is not set" if problem["type"] == "missing" else f"is {_shown(field, problem['input'])}"
    return f"{PREFIX}{name.upper()} {value}: {problem['msg']}; set it{purpose}"


def _shown(field: object, value: object) -> str:
    if "Secret" in str(getattr(field, "annotation", "")):
        return "wrong (a secret, not shown)"
    return repr(value)[:_SHOWN]
