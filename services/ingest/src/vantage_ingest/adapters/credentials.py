"""The cameras' passwords: a folder with a file for each name, as a mounted Kubernetes Secret is."""

from pathlib import Path

from vantage.contracts.camera import Source
from vantage_ingest.domain.address import BadAddress, BadCredential, checked_name, checked_url, with_credential
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Target

_LARGEST = 1024


class CredentialFolder:
    """Turns a camera's source into what a reader opens. The file is read each time: a new password counts at once."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def target(self, source: Source) -> Target:
        """Where to connect. Raises StreamEnded where the address or the credential cannot be used."""
        try:
            if source.credential is None:
                return Target(checked_url(source.url), source.transport)
            return Target(with_credential(source.url, self._secret(source.credential)), source.transport)
        except BadAddress as error:
            raise StreamEnded(EndCause.BAD_ADDRESS, str(error)) from None
        except BadCredential as error:
            raise StreamEnded(EndCause.NO_CREDENTIAL, str(error)) from None

    def _secret(self, name: str) -> str:
        if self._folder is None:
            msg = f"the camera names {name!r} but VANTAGE_INGEST_CREDENTIALS is not set"
            raise BadCredential(msg)
        path = self._folder / checked_name(name)
        try:
            with path.open("rb") as file:
                return file.read(_LARGEST).decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            msg = f"{name!r} in the credentials folder cannot be read: {reason}"
            raise BadCredential(msg) from None
