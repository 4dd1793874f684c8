"""What the gateway is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.settings import PostgresSettings


class ApiSettings(PostgresSettings):
    """The settings of api."""

    api_host: str = Field("127.0.0.1", description="Address that the gateway listens on; 0.0.0.0 in a container.")
    api_port: int = Field(8080, ge=0, le=65535, description="Port of the gateway; 0 takes any and logs it.")
    api_oidc_issuer: str = Field(
        pattern=r"^https?://[^\s?#]+$",
        description="The OpenID provider's issuer, exactly as it stands in its tokens; its keys are found from there.",
    )
    api_audience: str = Field("urn:vantage:api", min_length=1, description="The `aud` that a token must be for.")
    api_client_id: str = Field("vantage-console", description="The client that the console signs in as.")
    api_console_dir: Path | None = Field(None, description="Folder of the console's files; without one none is served.")
    api_audit_seconds: float = Field(
        5.0,
        gt=0,
        le=30,
        description="How long a decision waits to be recorded; after it the answer is 503 and nothing is served.",
    )
    api_subscribers: int = Field(2_000, ge=1, description="Alert streams at most; the next one is answered 503.")
    api_stream_queue: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Events that wait for one subscriber; one that is slower than that is told to resume.",
    )
    api_stream_tail: int = Field(
        2_000,
        ge=1,
        le=100_000,
        description="Last events of alerts.v1 in memory; who missed more has them read from Kafka.",
    )
