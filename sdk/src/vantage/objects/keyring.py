"""The keys under which objects are encrypted. The store is given one with each call and forgets it (SSE-C of S3), so
that its administrator, and whoever carries a disk away, has ciphertext.
"""

from typing import Protocol


class Keyring(Protocol):
    """Keys by where an object lies. Safe to use from several threads.

    Every call may raise KeysUnavailable (try again), StoreRefused (this service may not), and KeyDestroyed.
    """

    def key_for(self, bucket: str, key: str, *, make: bool = False) -> bytes | None:
        """The 32 bytes of the key for an object; made at its first use where `make` says so.

        None, and only without `make`, where there never was such a key: then nothing was encrypted with it.
        """
        ...

    def destroy(self, key_id: str) -> None:
        """Destroy a key for good: nothing that it encrypts can be read by anybody again. No error where it is gone.

        Others that have used it lately may go on for as long as they keep a key (VANTAGE_KEYS_FRESH_SECONDS).
        """
        ...
