"""Each metric of api, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge, Histogram

DECISIONS = Counter(
    "vantage_api_decisions",
    "Decisions on access by action and answer. Many `deny` of one action: a role is missing, or somebody is trying.",
    ["action", "decision"],
)
REFUSED_TOKENS = Counter(
    "vantage_api_refused_tokens",
    "Tokens that did not hold, by reason. Many `invalid_key_id`: the provider's keys turned and are not fetched.",
    ["reason"],
)
AUDIT_SECONDS = Histogram(
    "vantage_api_audit_seconds",
    "Time until a decision is in audit.v1, seconds; every look waits for it. Long: Kafka is slow or away.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUEST_SECONDS = Histogram(
    "vantage_api_request_seconds",
    "Time to the first byte of an answer by route and status, seconds. Many 503: /readyz says which part is away.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SUBSCRIBERS = Gauge("vantage_api_alert_subscribers", "Alert streams that are open.")
OVERRUNS = Counter(
    "vantage_api_alert_overruns",
    "Subscribers that were slower than the stream and were told to resume. Often the same: its network or its program.",
)
STREAMED = Counter("vantage_api_alert_events", "Events of alerts.v1 given to the subscribers.")
COPIES = Counter("vantage_api_alert_copies", "Events that the desk wrote twice and subscribers were told once.")
SKIPPED = Counter(
    "vantage_api_skipped_records",
    "Records of a followed topic that could not be read and are not shown. See the log; mend the writer.",
    ["topic"],
)
RESUMES = Counter(
    "vantage_api_alert_resumes",
    "Streams that went on after an event, by where the missed part came from: memory, or kafka (slower).",
    ["source"],
)
DAMAGED = Counter(
    "vantage_api_damaged_fragments",
    "Fragments whose bytes, or whose recording's list of digests, were not those that were announced. Above 0: check "
    "the object store at once.",
)
