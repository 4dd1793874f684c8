"""What `vantage-storage fsck` prints: a line for each disagreement, what to do about each kind, and the counts."""

from collections.abc import Mapping

import msgspec
import typer

from vantage_storage.adapters.fsck_books import Result
from vantage_storage.domain.disagreement import KINDS, Disagreement
from vantage_storage.fsck_findings import Tell


def teller(*, as_json: bool) -> Tell:
    """How a disagreement is told: as JSON with its remedy, or in columns."""
    return _tell_json if as_json else _tell_line


def _tell_json(one: Disagreement) -> None:
    typer.echo(msgspec.json.encode({**msgspec.to_builtins(one), "remedy": one.remedy}))


def _tell_line(one: Disagreement) -> None:
    typer.echo(f"{one.kind:24} {one.camera_id or '-':24} {one.what}  {one.value}".rstrip())


def say(text: str, *, as_json: bool) -> None:
    """Something for people alone."""
    if not as_json:
        typer.echo(text)


def finish(result: Result, *, sample: str, as_json: bool) -> None:
    """What to do about what was found, and last of all a line of JSON with every count."""
    for kind in result.disagreements:
        say(f"{kind}: {KINDS[kind].remedy}", as_json=as_json)
    say(_sentence(result.counts, result.disagreements, sample, result.seed), as_json=as_json)
    summary = {
        "whole": result.whole,
        "seed": result.seed,
        "sample": sample,
        **result.counts,
        "disagreements": result.disagreements,
    }
    typer.echo(msgspec.json.encode(summary))


def _sentence(counts: Mapping[str, int], found: Mapping[str, int], sample: str, seed: str) -> str:
    looked = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
    verdict = f"{sum(found.values())} disagreements" if found else "no disagreement"
    return f"{verdict}; {looked}; to repeat the sample: --sample {sample} --seed {seed}"
