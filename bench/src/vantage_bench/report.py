"""How every benchmark speaks: a table for people, then one JSON object as its last line."""

import json
import math
import os
import platform
import sys
from collections.abc import Mapping
from typing import Literal

import msgspec
import psutil
from rich.console import Console
from rich.table import Table


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value, its unit, and the goal it is held against (None where there is none)."""

    value: float
    unit: str
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile of the values; `share` is 0..1.

    Raises ValueError without values.
    """
    if not values:
        msg = "no values were measured: a percentile of nothing would be made up"
        raise ValueError(msg)
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def machine() -> str:
    """What the figures were measured on."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def report(bench: str, figures: Mapping[str, Figure]) -> None:
    """Print the table and the JSON line."""
    table = Table("figure", "value", "unit", "goal", "met", title=bench)
    for name, figure in figures.items():
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        goal = "" if figure.goal is None else f"{'<=' if figure.better == 'lower' else '>='} {figure.goal:g}"
        table.add_row(name, f"{figure.value:.4g}", figure.unit, goal, met)
    Console(file=sys.stdout, width=110).print(table)
    rows = {
        name: {"value": round(figure.value, 4), "unit": figure.unit, "goal": figure.goal, "met": figure.met}
        for name, figure in figures.items()
    }
    print(json.dumps({"bench": bench, "figures": rows, "machine": machine()}), flush=True)
