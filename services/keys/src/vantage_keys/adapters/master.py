"""The master key: from a file that a vault or an HSM mounts, and what is wrapped under it."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from vantage_keys.errors import KeyDamaged, MasterUnusable

_SIZE = 32
_OPEN_TO_OTHERS = 0o037  # a group may read it: mounted secrets belong to root and the pod's group


class Master:
    """Wraps and unwraps (AES key wrap, RFC 3394), under a key derived for each id, so that no file passes for another.

    `name` tells one master from another and says nothing of it.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.name = hashlib.sha256(self._derived("name")).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> "Master":
        """The master key in a file. Raises MasterUnusable."""
        try:
            mode, secret = path.stat().st_mode, path.read_bytes()
        except OSError as error:
            msg = f"the master key {path} cannot be read: {error.strerror}; mount it, or correct the setting"
            raise MasterUnusable(msg) from error
        if mode & _OPEN_TO_OTHERS:
            msg = f"the master key {path} has mode {mode & 0o777:o}: set 400 or 440, nobody else may read it"
            raise MasterUnusable(msg)
        if len(secret) != _SIZE:
            msg = f"the master key {path} has {len(secret)} bytes and must have {_SIZE}: write {_SIZE} random bytes"
            raise MasterUnusable(msg)
        return cls(secret)

    def wrap(self, key_id: str, key: bytes) -> bytes:
        """The key as it may lie on a disk."""
        return aes_key_wrap(self._derived(key_id), key)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The key. Raises KeyDamaged where it was not wrapped under this master for this id."""
        try:
            return aes_key_unwrap(self._derived(key_id), wrapped)
        except (InvalidUnwrap, ValueError):
            msg = f"key {key_id} cannot be unwrapped: its file is damaged; bring it back from the backup of the folder"
            raise KeyDamaged(msg) from None

    def _derived(self, name: str) -> bytes:
        info = b"vantage keys 1 " + name.encode()
        return HKDF(algorithm=SHA256(), length=_SIZE, salt=None, info=info).derive(self._secret)
