"""What scheme is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.camera_networks import CameraNetworks
from vantage.settings import CameraNetworkList, NetworkList, ServiceSettings


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
    camera_networks: CameraNetworkList = Field(
        (),
        description="Networks where cameras stand, CIDR, separated by commas: the same as ingest's. Without them "
        "addresses are looked at for their form alone, and ingest refuses what leads elsewhere.",
    )
    cluster_networks: NetworkList = Field(
        (), description="The cluster's ranges of pods, services and nodes, CIDR, separated by commas: no cameras there."
    )

    @property
    def networks(self) -> CameraNetworks | None:
        """Where cameras may be, if that was said."""
        return CameraNetworks(self.camera_networks, self.cluster_networks) if self.camera_networks else None
