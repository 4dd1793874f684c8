"""Whose token it is: read from a folder at each call, and nobody's where it is not exactly one caller's."""

from pathlib import Path

import pytest

from vantage_keys.adapters.callers import CallerFolder
from vantage_keys.errors import CallersUnusable, UnknownCaller

INGEST, API = "i" * 32, "a" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ingest").write_text(f"{INGEST}\n")
    (tmp_path / "api").write_text(API)
    return tmp_path


def test_a_token_is_its_caller_s(folder: Path) -> None:
    callers = CallerFolder(folder)
    callers.check()
    assert callers.caller(INGEST).name == "ingest"
    assert callers.caller(API).name == "api"


@pytest.mark.parametrize("token", ["", "x" * 32, INGEST[:-1], INGEST + "i", f"{INGEST}\n{API}", "ingest"])
def test_anything_else_is_nobody_s(folder: Path, token: str) -> None:
    with pytest.raises(UnknownCaller):
        CallerFolder(folder).caller(token)


def test_a_caller_without_a_file_and_a_file_without_a_caller_let_nobody_in(folder: Path) -> None:
    (folder / "administrator").write_text("b" * 32)
    with pytest.raises(UnknownCaller):
        CallerFolder(folder).caller("b" * 32)


def test_a_token_is_changed_without_a_gap(folder: Path) -> None:
    callers = CallerFolder(folder)
    (folder / "ingest").write_text(f"{INGEST}\n{'n' * 32}\n")
    assert callers.caller(INGEST).name == callers.caller("n" * 32).name == "ingest"
    (folder / "ingest").write_text("n" * 32)
    with pytest.raises(UnknownCaller):
        callers.caller(INGEST)


def test_a_short_token_is_refused_at_the_start_and_lets_nobody_in_later(folder: Path) -> None:
    (folder / "detect").write_text("short")
    with pytest.raises(CallersUnusable, match=r"detect.* fewer than 32"):
        CallerFolder(folder).check()
    with pytest.raises(UnknownCaller):
        CallerFolder(folder).caller("short")
    assert CallerFolder(folder).caller(API).name == "api"


def test_two_callers_with_one_token_are_refused(folder: Path) -> None:
    (folder / "storage").write_text(API)
    with pytest.raises(CallersUnusable, match="same token"):
        CallerFolder(folder).check()
    with pytest.raises(UnknownCaller):
        CallerFolder(folder).caller(API)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallersUnusable, match="ingest, detect, api, storage"):
        CallerFolder(tmp_path).check()


def test_an_empty_token_is_nobody_s_where_a_file_is_empty(folder: Path) -> None:
    (folder / "storage").write_text("")
    with pytest.raises(UnknownCaller):
        CallerFolder(folder).caller("")
