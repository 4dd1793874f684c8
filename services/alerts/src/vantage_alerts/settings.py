"""What alerts is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.settings import PostgresSettings, ServiceSettings

NAME = r"^[a-z0-9][a-z0-9.-]{0,99}$"


class EngineSettings(ServiceSettings):
    """The settings of the engine."""

    alerts_engine_group: str = Field(
        "vantage-alerts-engine",
        pattern=NAME,
        description="The engine's consumer group; its changelog is `<group>-cameras-changelog`. Another name begins "
        "with no state, so never change it in a running cell.",
    )
    alerts_changelog_replication: int = Field(
        1, ge=1, le=5, description="Copies of the changelog that is made at the first start; 3 in a cell of 3 brokers."
    )
    alerts_commit_interval_s: float = Field(
        1.0, gt=0, le=30, description="How often offsets are committed. So much is judged again after a kill."
    )

    @property
    def changelog(self) -> str:
        """The topic that holds the engine's state."""
        return f"{self.alerts_engine_group}-cameras-changelog"

    @property
    def engine_dir(self) -> Path:
        """Where this replica keeps a copy of its state on disk, so that a restart reads little."""
        return self.state_dir / self.alerts_engine_group / self.replica


class DeskSettings(PostgresSettings):
    """The settings of the desk."""

    alerts_desk_group: str = Field(
        "vantage-desk", pattern=NAME, description="The desk's consumer group over findings.v1."
    )

    @property
    def transactional_id(self) -> str:
        """One for all replicas of a cell's desk: a new publisher fences the one before it."""
        return f"vantage-alerts-desk-{self.cell_id}"
