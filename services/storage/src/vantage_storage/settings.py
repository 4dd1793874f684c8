"""What storage is told by its environment."""

from pydantic import Field

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
