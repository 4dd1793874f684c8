"""Each metric of ingest, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge

CAMERAS = Gauge("vantage_ingest_cameras", "Cameras by state. Look at camera-status.v1 for cause and remedy.", ["state"])
REFUSED_CAMERAS = Gauge(
    "vantage_ingest_cameras_over_limit", "Cameras that are not read because the process is full. Add replicas."
)
FRAGMENTS = Counter("vantage_ingest_fragments", "Fragments cut.")
FRAGMENT_BYTES = Counter("vantage_ingest_fragment_bytes", "Bytes of the fragments cut.")
SKIPPED_FRAMES = Counter(
    "vantage_ingest_skipped_frames",
    "Frames before a keyframe, after a connection or a break. Many: shorten the camera's keyframe interval.",
)
LOST_PACKETS = Counter(
    "vantage_ingest_lost_packets",
    "RTP packets that never came, of all cameras; camera-status.v1 has each camera's. Growing: look at the network.",
)
STREAM_ENDS = Counter("vantage_ingest_stream_ends", "Ends of cameras' streams, by cause.", ["cause"])
PACKS = Counter("vantage_ingest_packs", "Packs in the object store.")
LIVE_DROPPED = Counter(
    "vantage_ingest_live_dropped",
    "Live fragments dropped: `overload` says that the worker is behind (fewer cameras a worker), `full` and `old` that "
    "the object store is slow or away, `unannounced` the event log, `refused` a wrong right or setting. Recording is "
    "not touched.",
    ["reason", "stream"],
)
OVERLOAD = Gauge(
    "vantage_ingest_overload_level",
    "What a worker sheds: 0 nothing, 1 live video of smaller streams, 2 all live video. Not 0 for long: look at the "
    "loop's lag, the object store and the spool.",
    ["worker"],
)
LIVE_WAITING = Gauge("vantage_ingest_live_waiting_bytes", "Live fragments that wait for the object store, bytes.")
PACKS_SWEPT = Counter("vantage_ingest_packs_swept", "Packs deleted because they are past their time.")
SPOOL_BYTES = Gauge(
    "vantage_ingest_spool_bytes",
    "Bytes on local disk that are not in the object store yet. Growing: look at the store.",
)
SPOOL_WAITING = Gauge("vantage_ingest_spool_recordings", "Finished recordings that wait to be uploaded or announced.")
SPOOL_FAILURES = Counter(
    "vantage_ingest_spool_failures",
    "Fragments that are not recorded: `spool-full` says that disk or limit are used up, `disk-failed` that the disk "
    "cannot be written.",
    ["cause"],
)
SPOOL_CUT = Counter(
    "vantage_ingest_spool_cut_fragments",
    "Fragments whose bytes were not whole on the disk after a crash. More than a few a crash: look at the disk.",
)
RECORDINGS = Counter("vantage_ingest_recordings", "Recordings that are whole in the object store and announced.")
UPLOAD_RETRIES = Counter("vantage_ingest_upload_retries", "Uploads or announcements that are tried again.")
TOO_LATE = Counter(
    "vantage_ingest_recordings_too_late",
    "Recordings removed because all of their day was erased, its key included. The log names the camera: its clock is "
    "far off, or the spool waited longer than recordings are kept.",
)
WORKER_ENDS = Counter(
    "vantage_ingest_worker_ends",
    "Workers that died or hung and were started again. The log names the camera, where one is to blame.",
    ["kind"],
)
WORKERS = Gauge("vantage_ingest_workers", "Workers that are up, by kind.", ["kind"])
LOOP_LAG = Gauge(
    "vantage_ingest_loop_lag_seconds",
    "By how much a worker's last turn was longer than a tick. Above 1 for long: fewer cameras a worker, or more cores.",
    ["worker"],
)
QUARANTINES = Counter(
    "vantage_ingest_quarantines",
    "Cameras that were set apart because reading them ended the process. camera-status.v1 says which.",
)
FENCED = Gauge(
    "vantage_ingest_fenced",
    "1 while the broker's word is missing that this replica owns its cameras: it records and shows nothing.",
)
HELD_PARTITIONS = Gauge(
    "vantage_ingest_held_partitions",
    "Partitions that are recorded without the event log's word. Not 0 for long: the event log is away.",
)
FAULTS = Counter("vantage_ingest_faults", "Unexpected errors that a part survived. Each is in the log.", ["part"])
MASKING_DROPPED = Counter(
    "vantage_ingest_masking_dropped_frames",
    "Frames dropped where masks are burnt in: `behind` says that the processor does not keep up (fewer cameras a "
    "worker, a smaller stream), `damaged` that the camera's stream has faults, and counts up to the next keyframe.",
    ["reason"],
)
MASK_SAMPLES = Counter(
    "vantage_ingest_mask_samples",
    "Fragments handed to the inspector of masks; `failed` could not be written: look at the disk.",
    ["outcome"],
)
MASK_CHECKS = Counter(
    "vantage_ingest_mask_checks",
    "Looks at masks, by verdict. `shown`: a mask is not applied, see camera-status.v1 for camera and remedy. "
    "`unreadable`: the fragment could not be decoded and says nothing of its masks.",
    ["verdict"],
)
UNMASKED_CAMERAS = Gauge(
    "vantage_ingest_unmasked_cameras", "Cameras whose masks were not seen blank. Act on each at once."
)
