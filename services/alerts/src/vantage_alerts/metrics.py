"""Each metric of alerts, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge, Histogram

FINDINGS = Counter("vantage_alerts_findings", "Findings delivered by the engine.", ["rule_type", "state"])
FRAMES_SKIPPED = Counter(
    "vantage_alerts_frames_skipped",
    "Frames not judged. `late`: judged before, or overtaken; `old-epoch`: of an ownership that is over; `ahead`: the "
    "camera's clock is ahead of ours: mend its time server.",
    ["reason"],
)
BACKFILL = Counter("vantage_alerts_backfill_messages", "Detections of a backfill, which live rules leave alone.")
STATE_WRITES = Counter(
    "vantage_alerts_state_writes",
    "Writes of a camera's state. Near the rate of detections: a condition flickers; raise its minimum_us or score.",
)
STATE_RESETS = Counter(
    "vantage_alerts_state_resets",
    "States that this release could not read and began anew. More than none: another release shares the group.",
)
ENGINE_RESTARTS = Counter(
    "vantage_alerts_engine_restarts", "Times that the engine's consumer was made anew. Look into the log before each."
)
CHANGES = Counter("vantage_alerts_changes", "Changes of alerts that the desk recorded.", ["change"])
OUTBOX = Gauge(
    "vantage_alerts_outbox_rows", "Changes read from the outbox and not yet published. Growing: alerts.v1 is away."
)
PUBLISH_SECONDS = Histogram(
    "vantage_alerts_publish_seconds",
    "From a change at the desk to its being committed in alerts.v1, seconds.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
LEADER = Gauge("vantage_alerts_publisher", "1 where this replica publishes, 0 where it stands by. The sum must be 1.")
