"""Each metric of the custodian, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge

ANSWERS = Counter(
    "vantage_keys_answers",
    "Answers by caller, deed and HTTP status. Many 401 or 403: somebody tries what is not theirs, see `audit.v1`; many "
    "503: Kafka is away and nobody can look at anything.",
    ["caller", "deed", "status"],
)
JOURNAL = Gauge(
    "vantage_keys_journal_records",
    "Records on local disk that `audit.v1` does not have yet. Above 0 for more than a minute: Kafka is away.",
)
DROPPED = Counter(
    "vantage_keys_unrecorded_refusals",
    "Refusals that were not recorded because too many waited already. Above 0: somebody floods the custodian.",
)
DESTROYED = Counter("vantage_keys_destroyed", "Keys destroyed by this replica.")
