"""The keys at rest: a file each, wrapped, and a tombstone for each that was destroyed.

`keys/<id>.json` is a key, `gone/<id>` says that it was destroyed. A tombstone counts more than a key beside it, so a
kill between the two destroys the key all the same. Several replicas may share the folder: a name is given once, by
link(2), and all take the key that has it.
"""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from vantage_keys.adapters.durable import BESIDE, replace, shred, write_new
from vantage_keys.adapters.master import Master
from vantage_keys.errors import Gone, KeyDamaged, MasterUnusable

_KEY_SIZE = 32
_SUFFIX = ".json"
_STALE_S = 3600.0


class KeyFolder:
    """Keys by id. `masters` are the one to wrap under, then those that may still have to unwrap."""

    def __init__(self, folder: Path, masters: Sequence[Master]) -> None:
        self._keys, self._gone = folder / "keys", folder / "gone"
        self._master = masters[0]
        self._masters = {master.name: master for master in masters}

    def open(self) -> Sequence[str]:
        """Make the folder where it is not there, and end what a kill cut short; the ids so destroyed.

        Raises MasterUnusable where keys are wrapped under a master that was not given: else each of them would be a
        surprise of its own.
        """
        for folder in (self._keys, self._gone):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        destroyed = [path.name for path in self._gone.iterdir() if self._path(path.name).exists()]
        for key_id in destroyed:
            shred(self._path(key_id))
        self._check_masters()
        return destroyed

    def get(self, key_id: str) -> bytes | None:
        """The key, or None where it was never made. Raises Gone, KeyDamaged."""
        self._check_not_gone(key_id)
        return self._read(key_id)

    def make(self, key_id: str) -> bytes:
        """The key of that id, made unless somebody was quicker; on disk for good before it is returned. Raises Gone."""
        self._check_not_gone(key_id)
        write_new(self._path(key_id), self._wrapped(key_id, secrets.token_bytes(_KEY_SIZE)))
        self._check_not_gone(key_id)  # a destruction that came between has found no key to remove
        found = self._read(key_id)
        if found is None:
            msg = f"key {key_id} was destroyed while it was made"
            raise Gone(msg)
        return found

    def destroy(self, key_id: str) -> None:
        """Destroy a key, or see to it that there never will be one."""
        write_new(self._gone / key_id, b"")
        shred(self._path(key_id))

    def rewrap(self) -> int:
        """Wrap each key under the first master that is not; how many. Begin anew where it was cut short."""
        return sum(self._rewrap(key_id) for key_id in self._ids())

    def _rewrap(self, key_id: str) -> bool:
        content = self._content(key_id)
        if content is None or content[0] == self._master.name:
            return False
        key = self._unwrap(key_id, *content)
        replace(self._path(key_id), self._wrapped(key_id, key))
        if (self._gone / key_id).exists():  # destroyed meanwhile
            shred(self._path(key_id))
        return True

    def _check_not_gone(self, key_id: str) -> None:
        if (self._gone / key_id).exists():
            shred(self._path(key_id))
            msg = f"key {key_id} was destroyed: what it encrypts cannot be read again, by anybody"
            raise Gone(msg)

    def _read(self, key_id: str) -> bytes | None:
        content = self._content(key_id)
        return None if content is None else self._unwrap(key_id, *content)

    def _unwrap(self, key_id: str, master: str, wrapped: bytes) -> bytes:
        if master not in self._masters:
            msg = f"key {key_id} is wrapped under master {master}, which this custodian was not given"
            raise KeyDamaged(msg)
        return self._masters[master].unwrap(key_id, wrapped)

    def _wrapped(self, key_id: str, key: bytes) -> bytes:
        content = {"master": self._master.name, "wrapped": self._master.wrap(key_id, key).hex()}
        return json.dumps(content).encode()

    def _content(self, key_id: str) -> tuple[str, bytes] | None:
        """The name of the master, and the wrapped key. Raises KeyDamaged."""
        try:
            content = json.loads(self._path(key_id).read_bytes())
            return str(content["master"]), bytes.fromhex(content["wrapped"])
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError):
            msg = f"the file of key {key_id} is damaged: bring it back from the backup of the folder"
            raise KeyDamaged(msg) from None

    def _check_masters(self) -> None:
        contents = {key_id: self._content(key_id) for key_id in self._ids()}
        lost = [key_id for key_id, content in contents.items() if content and content[0] not in self._masters]
        if lost:
            msg = (
                f"{len(lost)} keys, {min(lost)} among them, are wrapped under another master key: set "
                "VANTAGE_KEYS_FORMER_MASTER_FILE to it, and run `vantage-keys rotate-master`"
            )
            raise MasterUnusable(msg)

    def _ids(self) -> Iterator[str]:
        return (path.stem for path in self._keys.glob(f"*{_SUFFIX}") if not path.name.startswith(BESIDE))

    def _sweep(self) -> None:
        """Remove what was never given its name; a file of this hour may be another replica's, which still writes."""
        for folder in (self._keys, self._gone):
            for path in folder.glob(f"{BESIDE}*"):
                if path.stat().st_mtime < time.time() - _STALE_S:
                    shred(path)

    def _path(self, key_id: str) -> Path:
        return self._keys / f"{key_id}{_SUFFIX}"
