"""A benchmark's last line is one JSON object that a program can read, and no figure is bent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_bench.report import Figure, percentile, report


class TestFigure:
    def test_a_lower_value_meets_a_ceiling(self) -> None:
        assert Figure(value=1.0, unit="s", goal=1.5).met is True
        assert Figure(value=1.6, unit="s", goal=1.5).met is False

    def test_a_higher_value_meets_a_floor(self) -> None:
        assert Figure(value=600, unit="cameras", goal=600, better="higher").met is True
        assert Figure(value=599, unit="cameras", goal=600, better="higher").met is False

    def test_without_a_goal_nothing_is_met_or_missed(self) -> None:
        assert Figure(value=1.0, unit="s").met is None


class TestPercentile:
    @given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
    def test_it_is_one_of_the_values_and_at_least_that_share_is_not_above_it(
        self, values: list[float], share: float
    ) -> None:
        found = percentile(values, share)
        assert found in values
        assert sum(value <= found for value in values) >= share * len(values) - 0.5

    def test_nothing_measured_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="no values"):
            percentile([], 0.5)


def test_the_last_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    report("glass", {"p50": Figure(value=1.2, unit="s", goal=1.5)})
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["bench"] == "glass"
    assert line["figures"]["p50"] == {"value": 1.2, "unit": "s", "goal": 1.5, "met": True}
    assert "cores" in line["machine"]
