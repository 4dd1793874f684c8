"""What a crash left in the spool, brought to a state in which every byte that counts is as it was hashed.

1. A journal that ends before its first fragment's line: nothing was recorded yet, both files go.
2. A journal whose head is damaged, or whose data is gone: both files are set aside under `.broken`, and said.
3. `.done`: the recording was finished; the upload verifies it.
4. `.journal`: the recording was being written. Lines count up to the first that is not whole, fragments up to the first
   whose SHA-256 is not its line's; data is cut there, the journal is written anew and becomes `.done`.
5. Data without a journal was uploaded and announced, or never begun: it goes.

Each step may itself be interrupted, and the next start takes it again.
"""

import os
from contextlib import suppress
from pathlib import Path

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.disk import replace, sync_folder
from vantage_ingest.adapters.spool_files import BROKEN, DATA, DONE, OPEN, Finished
from vantage_ingest.domain.recording import Entry, Head, length, line, read_lines, whole

_log = structlog.get_logger()


def recovered(folder: Path) -> list[Finished]:
    """The recordings that wait in the folder. Raises OSError."""
    journals = [path for path in sorted(folder.iterdir()) if path.suffix in (OPEN, DONE)]
    found = [one for path in journals if (one := _tried(path)) is not None]
    for data in folder.glob(f"*{DATA}"):
        if not data.with_suffix(OPEN).exists() and not data.with_suffix(DONE).exists():
            data.unlink()
    return found


def removed(data: Path) -> None:
    """Delete a recording's files; where a failing disk does not allow it now, the next recovery does it."""
    for path in (data.with_suffix(OPEN), data):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _tried(journal: Path) -> Finished | None:
    """Recover one recording; a fault of its files leaves the others alone, and it to the next start."""
    try:
        return _recovered(journal)
    except OSError as error:
        _log.error("a recording in the spool cannot be recovered now", journal=str(journal), error=error.strerror)
        return None


def _recovered(journal: Path) -> Finished | None:
    data, lines = journal.with_suffix(DATA), journal.read_bytes()
    head, entries = read_lines(lines)
    if not entries and b"\n" not in lines.partition(b"\n")[2]:
        removed(data)
        return None
    if head is None or not data.exists():
        _set_aside(journal)
        return None
    if journal.suffix == DONE and entries:
        return Finished(head, entries, data)
    return _cut_back(journal, head, entries)


def _cut_back(journal: Path, head: Head, entries: list[Entry]) -> Finished | None:
    data = journal.with_suffix(DATA)
    kept = list(whole(head, entries, data.read_bytes()))
    metrics.SPOOL_CUT.inc(len(entries) - len(kept))
    _log.info("recording recovered", camera=head.camera_id, fragments=len(kept), cut=len(entries) - len(kept))
    if not kept:
        removed(data)
        return None
    os.truncate(data, length(head, kept))
    replace(journal, line(head) + b"".join(map(line, kept)))
    journal.rename(journal.with_suffix(DONE))
    sync_folder(journal.parent)
    return Finished(head, kept, data)


def _set_aside(journal: Path) -> None:
    _log.error("a recording in the spool cannot be read and is set aside", journal=str(journal))
    for path in (journal, journal.with_suffix(DATA)):
        if path.exists():
            path.rename(path.with_name(path.name + BROKEN))
