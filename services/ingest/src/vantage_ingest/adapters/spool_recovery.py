"""What a kill or a power cut left in the spool, as recordings. Journals alone are read, so that a start with a full
spool takes seconds; bytes are compared with their digests when a recording is uploaded.

1. A journal that ends before its first fragment's line: nothing was recorded yet, both files go.
2. A journal whose head is damaged, or whose data is gone: both files are set aside under `.broken`, and said.
3. Any other is a recording: its lines count up to the first that is not whole, its fragments up to the first that the
   data file is too short for. None, after a power cut: both files go.
4. Data without a journal was uploaded and announced, or never begun: it goes.

Each step may itself be interrupted, and the next start takes it again.
"""

from contextlib import suppress
from pathlib import Path

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.spool_files import BROKEN, DATA, JOURNAL, Finished
from vantage_ingest.domain.recording import read_lines

_log = structlog.get_logger()


def recovered(folder: Path) -> list[Finished]:
    """The recordings that wait in the folder. Raises OSError."""
    paths = sorted(folder.iterdir())
    journals = [path for path in paths if path.suffix == JOURNAL]
    found = [one for path in journals if (one := _tried(path)) is not None]
    known = {path.stem for path in journals}
    for data in paths:
        if data.suffix == DATA and data.stem not in known:
            data.unlink()
    return found


def removed(data: Path) -> None:
    """Delete a recording's files; where a failing disk does not allow it now, the next recovery does it."""
    for path in (data.with_suffix(JOURNAL), data):
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
    size = data.stat().st_size
    kept = [entry for entry in entries if entry.range.offset + entry.range.length <= size]
    if cut := len(entries) - len(kept):
        metrics.SPOOL_CUT.inc(cut)
        _log.error("fragments did not reach the disk", camera=head.camera_id, lost=cut, kept=len(kept))
    if not kept:
        removed(data)
        return None
    return Finished(head, kept, data)


def _set_aside(journal: Path) -> None:
    _log.error("a recording in the spool cannot be read and is set aside", journal=str(journal))
    for path in (journal, journal.with_suffix(DATA)):
        if path.exists():
            path.rename(path.with_name(path.name + BROKEN))
