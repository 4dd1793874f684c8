"""Each metric of storage, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Histogram

ROWS = Counter(
    "vantage_storage_rows",
    "Rows offered to the index, by table and outcome: `new`, or `known` when a replay offered it again.",
    ["table", "outcome"],
)
WRITE_SECONDS = Histogram(
    "vantage_storage_write_seconds",
    "Time to write a batch and its offsets, seconds. Above a second: look for locks and slow disks in PostgreSQL.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LATE_DAYS = Counter(
    "vantage_storage_late_days",
    "Days whose tables were made only when a message needed them. The log names the camera: its clock is far off, or "
    "its recordings waited long in the spool.",
)
CHORE_SECONDS = Histogram(
    "vantage_storage_chore_seconds",
    "Time of one round of a chore, seconds. Rounds as long as the chore's interval: it cannot keep up.",
    ["chore"],
    buckets=(0.01, 0.1, 1, 10, 60, 300, 1800),
)
CHORE_FAILURES = Counter(
    "vantage_storage_chore_failures",
    "Rounds of a chore that failed and are tried again. The log says why; a figure that grows needs somebody.",
    ["chore"],
)
