"""The cameras' passwords: a folder with a file for each name, as a mounted Kubernetes Secret is.

Nothing is kept: a file is read when a camera is connected to, so a new password counts at the next connection and a
connection that runs is left alone. Kubernetes swaps the whole folder by one symbolic link, so a read sees the old
secret or the new one, never half of each; between an editor's truncation and its write it may see an empty file, which
is an end like a wrong password and tried again.
"""

from pathlib import Path
from typing import Literal

from vantage.camera_address import BadAddress, CameraAddress
from vantage.contracts.camera import Source
from vantage_ingest.domain.credential import BadCredential, checked_content, checked_name
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Target

_LARGEST = 1024


class CredentialFolder:
    """Turns a camera's source into what a reader opens."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def target(self, source: Source, stream: Literal["main", "sub"] = "main") -> Target:
        """Where to connect for one of the source's streams. Raises StreamEnded where that cannot be done."""
        url = (source.sub_url or "") if stream == "sub" else source.url
        try:
            CameraAddress.parse(url)
            secret = self.secret(source.credential) if source.credential is not None else ""
        except BadAddress as error:
            raise StreamEnded(EndCause.BAD_ADDRESS, f"it {error.wrong}") from None
        except BadCredential as error:
            raise StreamEnded(EndCause.NO_CREDENTIAL, str(error)) from None
        return Target(url, secret, source.transport, source.certificate)

    def secret(self, name: str) -> str:
        """`user:password` of a credential; never show it. Raises BadCredential."""
        if self._folder is None:
            msg = f"the camera names {name!r} but VANTAGE_INGEST_CREDENTIALS is not set"
            raise BadCredential(msg)
        path = self._folder / checked_name(name)
        try:
            with path.open("rb") as file:
                return checked_content(file.read(_LARGEST + 1).decode())
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            msg = f"{name!r} in the credentials folder cannot be read: {reason}"
            raise BadCredential(msg) from None
