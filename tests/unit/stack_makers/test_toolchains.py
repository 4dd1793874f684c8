"""Go and Node of the wheels run, and a failure says what they said."""

from pathlib import Path

import pytest

from vantage_stack.errors import FetchFailed
from vantage_stack.toolchains import go, go_version, npm


def test_a_failing_go_command_is_named_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"`go build` failed.*\n.*go\.mod"):
        go(["build", "."], folder=tmp_path, scratch=tmp_path)


def test_a_failing_npm_command_is_named_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"`npm ci` failed(.|\n)*package-lock\.json"):
        npm(["ci"], folder=tmp_path, scratch=tmp_path)


def test_nothing_is_left_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    npm(["--version"], folder=tmp_path, scratch=tmp_path / "scratch")
    go(["version"], folder=tmp_path, scratch=tmp_path / "scratch")
    assert list(home.iterdir()) == []


def test_what_the_user_set_for_go_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "config" / "go" / "env"
    settings.parent.mkdir(parents=True)
    settings.write_text("GOPROXY=off\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("GOENV", raising=False)
    monkeypatch.delenv("GOPROXY", raising=False)
    with pytest.raises(FetchFailed, match="module lookup disabled by GOPROXY=off"):
        go(["install", "example.org/nothing@v1.0.0"], folder=tmp_path, scratch=tmp_path / "scratch")


def test_no_tool_of_the_machine_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    go(["version"], folder=tmp_path, scratch=tmp_path)
    npm(["--version"], folder=tmp_path, scratch=tmp_path)


def test_the_go_version_is_that_of_the_wheel() -> None:
    assert go_version().startswith("go1.")
