"""Fetching: side by side, visible, and with a line for each thing that failed."""

import threading
from pathlib import Path

import pytest

from vantage_stack.cache import Cache
from vantage_stack.errors import FetchFailed
from vantage_stack.fetch import Board, Lines, Report, Step, fetch

PLENTY_S = 20.0


def ready(cache: Cache, _report: Report) -> Path:
    return cache.folder


def away(_cache: Cache, report: Report) -> Path:
    report("asks the registry")
    message = "cannot reach the registry; check the network and fetch again"
    raise FetchFailed(message)


class TestSteps:
    def test_give_where_their_results_lie(self, tmp_path: Path) -> None:
        assert fetch([Step("tool", ready)], Cache(tmp_path), Lines()) == {"tool": tmp_path}

    def test_run_side_by_side(self, tmp_path: Path) -> None:
        meeting = threading.Barrier(3, timeout=PLENTY_S)

        def meet(cache: Cache, _report: Report) -> Path:
            meeting.wait()
            return cache.folder

        assert len(fetch([Step(name, meet) for name in "abc"], Cache(tmp_path), Lines())) == 3

    def test_a_failure_is_named_and_the_others_are_done(self, tmp_path: Path) -> None:
        done: list[str] = []

        def note(cache: Cache, _report: Report) -> Path:
            done.append("noted")
            return cache.folder

        with pytest.raises(FetchFailed, match=r"^broken: cannot reach the registry; check the network"):
            fetch([Step("broken", away), Step("whole", note)], Cache(tmp_path), Lines())
        assert done == ["noted"]


class TestLines:
    def test_say_what_each_step_does_and_how_it_ended(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(FetchFailed):
            fetch([Step("broken", away)], Cache(tmp_path), Lines())
        said = capsys.readouterr().out.splitlines()
        assert [line.partition(" (")[0] for line in said] == [
            "fetch: broken: asks the registry",
            "fetch: broken: failed",
        ]

    def test_terse_ones_are_silent_about_what_was_there(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fetch([Step("tool", ready)], Cache(tmp_path), Lines(terse=True))
        assert capsys.readouterr().out == ""


class TestBoard:
    def test_has_a_row_for_each_step_with_its_last_word(self) -> None:
        board = Board()
        board.say("tool", "downloads")
        board.done("tool", "ready")
        board.say("clip", "encodes")
        rows = board.__rich__()
        assert list(rows.columns[1].cells) == ["tool", "clip"]
        assert list(rows.columns[2].cells) == ["ready", "encodes"]
