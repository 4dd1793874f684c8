"""The cameras' Go source is formatted and vetted by the toolchain that builds it."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from vantage_stack.cameras.program import SOURCE
from vantage_stack.toolchains import go


def test_the_source_is_formatted() -> None:
    spec = find_spec("go")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    gofmt = Path(spec.submodule_search_locations[0]) / "bin" / "gofmt"
    done = subprocess.run([gofmt, "-l", SOURCE], capture_output=True, text=True, check=True)
    assert done.stdout == ""


@pytest.mark.slow
def test_the_source_is_vetted(tmp_path: Path) -> None:
    source = shutil.copytree(SOURCE, tmp_path / "server")
    go(["vet", "-mod=readonly", "./..."], folder=source, scratch=tmp_path)
