"""What storage is told by its environment."""

from pydantic import Field, SecretStr

from vantage.settings import PostgresSettings


class StorageSettings(PostgresSettings):
    """The settings of storage."""

    storage_days_ahead: int = Field(
        3,
        ge=1,
        le=30,
        description="Tables are made for so many days ahead, so that midnight waits for none; as long may PostgreSQL "
        "refuse to make tables before rows wait.",
    )
    storage_ledger_grace_seconds: float = Field(
        600.0,
        ge=60,
        description="Time that is missing is judged when it is so old. Until then its recording may be under way: a "
        "minute to be filled, the upload and its retries, a restart of ingest. Shorter tells of gaps that close by "
        "themselves, longer tells later of those that do not.",
    )
    storage_ledger_days: int = Field(
        400,
        ge=62,
        le=4000,
        description="How many days the ledger reaches back. It holds times and causes, no pictures and nothing of "
        "anybody who was in them, so it outlives the recordings it accounts for: a yearly report needs it.",
    )
    storage_rescue_grace_seconds: float = Field(
        240.0,
        ge=60,
        le=600,
        description="What nobody has recorded is rebuilt from `live` when it is so old and its owner was not heard of "
        "for as long. Shorter rebuilds what a restarted node would still upload, longer leaves less of the 15 minutes "
        "that `live` keeps.",
    )
    storage_hold_days: int = Field(
        730,
        ge=1,
        le=3650,
        description="A hold may end so many days from now at the latest, when it is placed and when it is extended: "
        "longer than that, somebody has to decide again.",
    )
    storage_lock_days: float = Field(
        7.0,
        ge=1,
        le=30,
        description="What is held is locked for so long, and the lock made longer each seventh of it. Longer bears a "
        "longer outage of storage, shorter lets what is released go sooner; nobody can shorten a lock.",
    )


class RunSettings(StorageSettings):
    """What storage needs while it runs, besides: the API that takes the gateway's commands."""

    storage_api_host: str = Field(
        "127.0.0.1", description="Address that storage takes commands on; in a container the cell's own network alone."
    )
    storage_api_port: int = Field(8081, ge=0, le=65535, description="Port of the commands; 0 takes any and logs it.")
    storage_api_token: SecretStr = Field(
        min_length=32, description="The token that the gateway sends with each command: at least 32 characters."
    )
