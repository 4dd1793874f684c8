"""Where the time goes: each hop from the mark before it, and nothing made up where a mark is missing."""

from types import SimpleNamespace
from typing import Any

from vantage_bench.hops import HOPS, Received, Written, hops

SECOND = 1_000_000


def received(at: int = 9 * SECOND) -> Received:
    evidence = SimpleNamespace(at=1 * SECOND, fragment_id="frg_1")
    event: Any = SimpleNamespace(evidence=evidence, alert_id="alr_1")
    return Received(event, at)


def trail(**more: Any) -> Written:
    fragment = SimpleNamespace(start=0, duration=2 * SECOND)
    marks: dict[str, Any] = {
        "fragments": {"frg_1": (4 * SECOND, fragment)},
        "detections": {"frg_1": 5 * SECOND},
        "findings": {"alr_1": 7 * SECOND},
        "alerts": {"alr_1": 8 * SECOND},
    }
    return Written(**(marks | more))


def test_each_hop_is_from_the_mark_before_it_and_they_sum_to_the_whole() -> None:
    found = hops(received(), trail())
    assert found == [1, 2, 1, 2, 1, 1]
    assert len(found) == len(HOPS)
    assert sum(found) == 8


def test_an_alert_whose_way_is_not_whole_has_no_hops() -> None:
    for missing in ("fragments", "detections", "findings", "alerts"):
        assert hops(received(), trail(**{missing: {}})) is None, missing
