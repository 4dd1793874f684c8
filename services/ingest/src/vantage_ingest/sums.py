"""The metrics of all workers as one: what the supervisor shows is its own and theirs, added up.

A worker that ends leaves its counters behind, so that none goes back; its gauges end with it.
"""

import threading
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from types import ModuleType

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

_KINDS = (Counter, Gauge, Histogram)
Key = tuple[str, tuple[tuple[str, str], ...]]
Sample = tuple[str, tuple[tuple[str, str], ...], float]


def declared(*modules: ModuleType) -> list[Counter | Gauge | Histogram]:
    """The metrics that the modules declare."""
    return [one for module in modules for one in vars(module).values() if isinstance(one, _KINDS)]


def samples(*modules: ModuleType) -> Iterator[Sample]:
    """What they stand at."""
    for metric in declared(*modules):
        for family in metric.collect():
            yield from _samples(family)


class Sums(Collector):
    """Takes the place of the modules' metrics in the registry. Safe to use from several threads."""

    def __init__(self, *modules: ModuleType) -> None:
        self._metrics = declared(*modules)
        self._lock = threading.Lock()
        self._now: dict[str, dict[Key, float]] = {}
        self._past: Tally[Key] = Tally()
        self._gauges = {metric._name for metric in self._metrics if isinstance(metric, Gauge)}  # noqa: SLF001

    def register(self, registry: CollectorRegistry) -> None:
        """Be asked in the metrics' place."""
        for metric in self._metrics:
            registry.unregister(metric)
        registry.register(self)

    def took(self, worker: str, figures: Iterable[Sample]) -> None:
        """A worker's metrics as they stand now."""
        with self._lock:
            self._now[worker] = {(name, labels): value for name, labels, value in figures}

    def ended(self, worker: str) -> None:
        """The worker's process ended; the next one of its name begins at nothing."""
        with self._lock:
            for key, value in self._now.pop(worker, {}).items():
                if key[0] not in self._gauges:
                    self._past[key] += value  # type: ignore[assignment]

    def collect(self) -> Iterator[Metric]:
        """The sums."""
        with self._lock:
            total: Tally[Key] = Tally(self._past)
            for figures in self._now.values():
                for key, value in figures.items():
                    total[key] += value  # type: ignore[assignment]
        for metric in self._metrics:
            for family in metric.collect():
                yield _added(family, total)


def _added(family: Metric, total: Tally[Key]) -> Metric:
    """The family with what workers have under its names, labels that only they know included."""
    names = {f"{family.name}{suffix}" for suffix in ("", "_total", "_bucket", "_sum", "_count")}
    own = {(name, labels): value for name, labels, value in _samples(family)}
    found = Metric(family.name, family.documentation, family.type)
    for name, labels in sorted(own.keys() | {key for key in total if key[0] in names}):
        found.add_sample(name, dict(labels), own.get((name, labels), 0.0) + total[name, labels])
    return found


def _samples(family: Metric) -> Iterator[Sample]:
    for sample in family.samples:
        if not sample.name.endswith("_created"):
            yield sample.name, tuple(sorted(sample.labels.items())), sample.value
