"""What the custodian is told by its environment. Nothing of the object store or the database is: it reaches neither."""

from pathlib import Path

from pydantic import Field, FilePath

from vantage.settings import ProcessSettings, Settings


class MasterSettings(Settings):
    """Where the keys lie, and under what they are wrapped."""

    keys_folder: Path = Field(
        description="Folder of the wrapped keys, on a disk that survives; replicas share it. Back it up: without it "
        "nothing that is encrypted can be read."
    )
    keys_master_file: Path = Field(description="File with the master key, 32 bytes, as a vault or HSM mounts it.")
    keys_former_master_file: Path | None = Field(
        None, description="File with the master key before this one, until `vantage-keys rotate-master` has ended."
    )


class KeysSettings(ProcessSettings, MasterSettings):
    """The settings of the custodian."""

    keys_callers: Path = Field(
        description="Folder with a file for each caller (ingest, detect, api, storage) that holds its token, two of "
        "them on two lines while it is changed; at least 32 characters each."
    )
    keys_host: str = Field("127.0.0.1", description="Address that the custodian listens on.")
    keys_port: int = Field(8443, ge=0, le=65535, description="Port of the custodian; 0 takes any and logs it.")
    keys_certificate: FilePath | None = Field(None, description="Certificate chain (PEM); without one only loopback.")
    keys_private_key: FilePath | None = Field(None, description="Private key of the certificate (PEM).")
    keys_audit_seconds: float = Field(
        5.0, gt=0, le=15, description="How long a reader's use waits to be recorded; after it the answer is 503."
    )
