"""The replica's figures are its workers' together, and no counter goes back when one of them is started again."""

from types import ModuleType

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from vantage_ingest.sums import Sums, samples


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def declared(registry: CollectorRegistry) -> ModuleType:
    module = ModuleType("declared")
    module.SEEN = Counter("seen", "Seen.", ["kind"], registry=registry)  # type: ignore[attr-defined]
    module.HELD = Gauge("held", "Held.", registry=registry)  # type: ignore[attr-defined]
    module.TOOK = Histogram("took", "Took.", buckets=(1, 2), registry=registry)  # type: ignore[attr-defined]
    return module


@pytest.fixture
def sums(declared: ModuleType, registry: CollectorRegistry) -> Sums:
    made = Sums(declared)
    made.register(registry)
    return made


def test_own_figures_and_those_of_the_workers_are_added_up(
    sums: Sums, declared: ModuleType, registry: CollectorRegistry
) -> None:
    declared.SEEN.labels("a").inc(1)
    declared.HELD.set(5)
    sums.took("one", [("seen_total", (("kind", "a"),), 10.0), ("held", (), 2.0), ("took_count", (), 3.0)])
    sums.took("two", [("seen_total", (("kind", "b"),), 20.0), ("held", (), 3.0)])
    assert registry.get_sample_value("seen_total", {"kind": "a"}) == 11
    assert registry.get_sample_value("seen_total", {"kind": "b"}) == 20
    assert registry.get_sample_value("held") == 10
    assert registry.get_sample_value("took_count") == 3


def test_a_worker_that_ends_leaves_its_counters_and_takes_its_gauges(sums: Sums, registry: CollectorRegistry) -> None:
    for _ in range(3):
        sums.took("one", [("seen_total", (("kind", "a"),), 10.0), ("held", (), 2.0)])
        sums.ended("one")
    sums.took("one", [("seen_total", (("kind", "a"),), 1.0), ("held", (), 4.0)])
    assert registry.get_sample_value("seen_total", {"kind": "a"}) == 31
    assert registry.get_sample_value("held") == 4


def test_what_a_worker_reports_is_what_its_metrics_stand_at(declared: ModuleType) -> None:
    declared.SEEN.labels("a").inc(2)
    declared.TOOK.observe(1.5)
    found = {(name, labels): value for name, labels, value in samples(declared)}
    assert found["seen_total", (("kind", "a"),)] == 2
    assert found["took_bucket", (("le", "2.0"),)] == 1
    assert not [name for name, _ in found if name.endswith("_created")]
