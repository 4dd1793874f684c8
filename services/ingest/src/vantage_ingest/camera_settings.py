"""What ingest is told about reaching cameras: where they stand, how names are resolved, where their passwords lie.

Apart from the other settings because `vantage-ingest probe` needs these and nothing else.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from vantage.camera_networks import CameraNetworks
from vantage.settings import CameraNetworkList, NetworkList, Settings


def _some(found: CameraNetworkList) -> CameraNetworkList:
    """The networks, if there are any. Raises ValueError."""
    if not found:
        msg = "names no network; write those of the cameras, such as 10.20.0.0/16"
        raise ValueError(msg)
    return found


class CameraSettings(Settings):
    """How cameras are reached."""

    camera_networks: Annotated[CameraNetworkList, AfterValidator(_some)] = Field(
        description="Networks where cameras stand, CIDR, separated by commas. An address outside is not opened. "
        "Loopback, link-local and the like only where a network inside those ranges is named itself.",
    )
    cluster_networks: NetworkList = Field(
        (), description="The cluster's ranges of pods, services and nodes, CIDR, separated by commas: no cameras there."
    )
    ingest_resolver: str = Field(
        "",
        pattern=r"^$|^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+$",
        description="The DNS server that knows the cameras' names, ip:port; without it /etc/hosts and the system's.",
    )
    ingest_credentials: Path | None = Field(
        None,
        description="A folder with the cameras' credentials, as a mounted Kubernetes Secret: the file that a camera's "
        "`credential` names holds user:password. It is read at each connection, so a changed one needs no restart.",
    )
    ingest_camera_ca: Path | None = Field(
        None,
        description="A file of PEM certificates: the authorities that vouch for `rtsps` cameras. A camera that "
        "signs its own is read where its source has the SHA-256 of its certificate.",
    )

    @property
    def networks(self) -> CameraNetworks:
        """Where cameras may be."""
        return CameraNetworks(self.camera_networks, self.cluster_networks)
