"""The command `vantage-storage fsck`: its options as what is wanted, and its end as an exit code."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from secrets import token_hex

from vantage.clock import SystemClock
from vantage.errors import StartupError
from vantage.objects import S3ObjectStore
from vantage.postgres import check_schema, connect_pool
from vantage.publish import Publisher
from vantage.service import Running
from vantage_storage.domain.sample import Sample
from vantage_storage.fsck import Wanted, check, repair
from vantage_storage.fsck_findings import Scope
from vantage_storage.fsck_report import finish, say, teller
from vantage_storage.parts import Parts
from vantage_storage.service import MIGRATIONS, NAME, SCHEMA, all_chores
from vantage_storage.settings import StorageSettings

CLEAN, DISAGREES = 0, 1
_CONNECTIONS = 12
_HOUR_US = 3_600_000_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    cameras: str
    first: datetime | None
    last: datetime | None
    sample: str
    seed: str
    grace_hours: float
    patience_seconds: float
    repair: bool
    json: bool

    def wanted(self) -> Wanted:
        """What is to be checked. Raises StartupError for what makes no sense."""
        seed = self.seed or token_hex(4)
        try:
            Sample.parse(self.sample, seed)
        except ValueError as error:
            msg = f"--sample: {error}"
            raise StartupError(msg) from None
        cameras = frozenset(one.strip() for one in self.cameras.split(",") if one.strip())
        scope = Scope(cameras, _day(self.first), _day(self.last))
        grace_us = round(self.grace_hours * _HOUR_US)
        return Wanted(scope, lambda: Sample.parse(self.sample, seed), seed, grace_us, self.patience_seconds)


def run(options: Options, settings: StorageSettings, running: Running) -> int:
    """Check, repair where that was asked for and check again; CLEAN or DISAGREES.

    Raises a Retryable where a part is away, SchemaMismatch and StartupError.
    """
    wanted, dsn = options.wanted(), settings.postgres_dsn.get_secret_value()
    check_schema(dsn, SCHEMA, MIGRATIONS)
    publisher, store = Publisher.from_settings(settings, NAME), S3ObjectStore.from_settings(settings)
    with connect_pool(dsn, application="vantage-storage-fsck", max_size=_CONNECTIONS, timeout_s=30) as pool:
        parts = Parts(settings, running, SystemClock(), store, publisher, pool, dsn)
        return check_and_repair(parts, options, wanted)


def check_and_repair(parts: Parts, options: Options, wanted: Wanted) -> int:
    """As `run`, over parts that are there."""
    tell = teller(as_json=options.json)
    result, findings = check(parts, wanted, tell)
    if options.repair and (done := repair(parts, findings, all_chores(parts))):
        say(f"repaired by a round of: {', '.join(done)}; what is left:", as_json=options.json)
        result, findings = check(parts, wanted, tell)
    finish(result, sample=options.sample, as_json=options.json)
    return DISAGREES if findings.kinds else CLEAN


def _day(given: datetime | None) -> int | None:
    return None if given is None else given.replace(tzinfo=UTC).toordinal() - _EPOCH.toordinal()
