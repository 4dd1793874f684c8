"""Whether a recording's bytes on the disk are still those that were hashed at capture.

The object store finds that out by itself for what this process has written (see `uploads`). It is looked at here where
the store has found something, and for what an earlier process left.
"""

import hashlib
import os
from functools import partial

from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.domain.recording import Entry, tail, whole


def verified(finished: Finished, *, patient: bool) -> tuple[list[Entry], str]:
    """The entries up to the first whose bytes are not as they were hashed, and the digest of the object they make.

    One fragment is in memory at a time. A disk that does not give bytes raises OSError; where there is no more
    patience with it, what it does not give is not there.
    """
    digest, kept = hashlib.sha256(), list[Entry]()
    try:
        with finished.data.open("rb", buffering=0) as file:
            for entry in whole(finished.head, finished.entries, partial(_read, file.fileno()), digest):
                kept.append(entry)
    except OSError:
        if patient:
            raise
    digest.update(tail(kept))
    return kept, digest.hexdigest()


def _read(file: int, offset: int, size: int) -> bytes:
    data = os.pread(file, size, offset)
    while len(data) < size and (more := os.pread(file, size - len(data), offset + len(data))):
        data += more
    return data
