"""Each metric of the SDK, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge, Histogram

CONSUMED = Counter("vantage_consumed_messages", "Messages handled, their effect complete.", ["topic"])
PUBLISHED = Counter("vantage_published_messages", "Messages that the broker has confirmed.", ["topic"])
DEAD_LETTERS = Counter(
    "vantage_dead_letters",
    "Messages put into <topic>.dlq. Read the headers there; mend the writer or the service; replay.",
    ["topic"],
)
RETRIES = Counter(
    "vantage_batch_retries",
    "Batches kept and tried again because a part was away. It goes on by itself when the part is back.",
    ["reason"],
)
BATCH_SECONDS = Histogram(
    "vantage_batch_seconds",
    "Time to handle a batch, seconds. Near the wait between batches: the service is idle; far above: add replicas.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LAG = Gauge("vantage_consumer_lag", "Messages behind the end of the partition.", ["topic", "partition"])
STORE_SECONDS = Histogram(
    "vantage_store_seconds",
    "Time of a call to the object store, seconds.",
    ["call"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SKIPPED_RECORDS = Counter(
    "vantage_table_skipped_records",
    "Records of a compacted topic that could not be read; the last good one stays.",
    ["topic"],
)
