"""Each metric of storage, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge, Histogram

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
OWED_SECONDS = Gauge(
    "vantage_storage_owed_seconds",
    "Camera-seconds that were owed today, as far as they are judged or recorded. Falls behind the clock: the ledger's "
    "chore fails, see the log.",
    ["cell"],
)
RECORDED_SECONDS = Gauge(
    "vantage_storage_recorded_seconds",
    "Camera-seconds of those owed today that are recorded. What is between has its causes in `storage.gaps_v1`.",
    ["cell"],
)
UNEXPLAINED_SECONDS = Gauge(
    "vantage_storage_unexplained_seconds",
    "Owed camera-seconds of 31 days that are missing without a cause. Anything above 0: the alerts of the rule "
    "`ledger-unexplained` name camera and time; look there for a spool that does not empty, and at the camera.",
    ["cell"],
)
LEDGER_DAY_SECONDS = Histogram(
    "vantage_storage_ledger_day_seconds",
    "Time to count one day of the cell again, seconds. Near the chore's interval (60): look for a slow database.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30),
)
REBUILT_SECONDS = Counter(
    "vantage_storage_rebuilt_seconds",
    "Camera-seconds of lost spools that were rebuilt from `live`. Grows: a node of ingest was lost; look at that.",
)
LOST_SECONDS = Counter(
    "vantage_storage_lost_seconds",
    "Camera-seconds that were recorded and lost with their node, since `live` did not have them any more. Grows: see "
    "why the spool was lost, and why storage came too late.",
)
OBJECTS_ERASED = Counter(
    "vantage_storage_objects_erased",
    "Objects (versions, where a bucket keeps them) erased for good, by bucket. The receipts on `audit.v1` say of which "
    "day and why.",
    ["bucket"],
)
BYTES_ERASED = Counter(
    "vantage_storage_bytes_erased", "Bytes of what was erased, as the index or the store had them, by store.", ["store"]
)
OBJECTS_KEPT = Counter(
    "vantage_storage_objects_kept",
    "Times that an object was to be erased and a lock kept it, by bucket. `footage`, `stills` and `exports` must have "
    "no lock: take it off the bucket.",
    ["bucket"],
)
STRANGE_KEYS = Gauge(
    "vantage_storage_strange_keys",
    "Keys that name no day where one belongs, by bucket, when it was last listed. It is 0: nothing erases what lies "
    "under them. The log names them.",
    ["bucket"],
)
OVERDUE = Gauge(
    "vantage_storage_overdue_seconds",
    "How long ago the oldest thing that is still there fell due, seconds, by store. Some minutes are the work at hand.",
    ["store"],
)
PAST_RETENTION = Gauge(
    "vantage_storage_past_retention_seconds",
    "How long the oldest thing that is still there is past its due time and the 24 hours allowed for it, seconds, by "
    "store. It is 0. More: `vantage_storage_chore_failures` and the log say what keeps it, before anything else.",
    ["store"],
)
EVIDENCE_COPIES = Gauge(
    "vantage_storage_evidence_copies",
    "Copies of what is held, by state. `writing` that does not fall: see `vantage_storage_evidence_refused` and the "
    "log; `garbage` falls when the locks of what was released end.",
    ["state"],
)
EVIDENCE_LOCK = Gauge(
    "vantage_storage_evidence_lock_seconds",
    "Time until the first lock of a held copy ends before its hold does, seconds. It stays near the term "
    "(VANTAGE_STORAGE_LOCK_DAYS). Less than five sevenths of that, or no figure at all because storage is down: bring "
    "storage or the store back before it is used up, as from then on held copies can be deleted.",
)
EVIDENCE_REFUSED = Counter(
    "vantage_storage_evidence_refused",
    "Times that a held recording could not be copied, or its copy was gone. The log, the receipt and "
    "`GET /v1/holds/{id}` name it: see who wrote to the store, and whether a backup has the bytes that were indexed.",
)
CHECK_DISAGREEMENTS = Gauge(
    "vantage_storage_check_disagreements",
    "What the last `vantage-storage fsck` of the whole cell found, by kind. It is 0. More: run it again to have each "
    "named with what to do.",
    ["kind"],
)
CHECK_AGE = Gauge(
    "vantage_storage_check_age_seconds",
    "How long ago the last check of the whole cell ended, seconds. Above two of its job's intervals, or without a "
    "figure: the job does not run or does not end; see its log.",
)
