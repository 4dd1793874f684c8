"""What scheme is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.settings import ServiceSettings


class SchemeSettings(ServiceSettings):
    """The settings of scheme."""

    scheme_cameras: Path = Field(description="The camera file (YAML); docs/guides/cameras.md describes it.")
    scheme_rules: Path | None = Field(None, description="The rules file (YAML); without one no rule is touched.")
    scheme_poll_seconds: float = Field(
        1.0,
        gt=0,
        le=60,
        description="How often the files are looked at. A change is read when it has stood still for one such time, so "
        "that a file being written is not taken for a shorter one.",
    )
    scheme_read_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="How long `publish` waits for the published state to be read; `run` waits for ever.",
    )
