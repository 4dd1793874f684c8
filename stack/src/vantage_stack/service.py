"""Vantage's own services, as the stack runs them: the command of each, and the settings that are its own."""

import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vantage_stack.ports import HOST
from vantage_stack.stack import Stack

CREDENTIAL = "virtual-cameras"
"""The `source.credential` of the virtual cameras in a camera file."""


@dataclass(frozen=True)
class Files:
    """What the caller brings: the camera and rules files, the ingest's folder of credentials, the built console."""

    cameras: Path
    rules: Path
    credentials: Path
    console: Path | None = None


@dataclass(frozen=True)
class Service:
    """One of Vantage's services: its script and arguments, the parts it stands on, and its own settings."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...]
    own: Callable[[Stack, Files], Mapping[str, str]] = lambda _stack, _files: {}

    @property
    def argv(self) -> list[str]:
        """The command as the virtual environment of this process has it."""
        return [str(Path(sysconfig.get_path("scripts")) / self.command[0]), *self.command[1:]]


def write_credentials(folder: Path, stack: Stack) -> None:
    """Put the virtual cameras' credential where ingest looks, as a mounted secret would lie there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = folder / CREDENTIAL
    secret.touch(mode=0o600)
    secret.write_text(stack.cameras.credential)


def _scheme(_stack: Stack, files: Files) -> Mapping[str, str]:
    return {"VANTAGE_SCHEME_CAMERAS": str(files.cameras), "VANTAGE_SCHEME_RULES": str(files.rules)}


def _ingest(_stack: Stack, files: Files) -> Mapping[str, str]:
    light = {
        "VANTAGE_INGEST_WORKERS": "1",
        "VANTAGE_INGEST_PIN": "false",
    }  # one process of few, on a machine of few cores
    return {"VANTAGE_INGEST_CREDENTIALS": str(files.credentials), **light}


def _detect(stack: Stack, _files: Files) -> Mapping[str, str]:
    return {"VANTAGE_DETECT_MODEL_DIR": str(stack.model_dir)}


def _owning(schema: str) -> Callable[[Stack, Files], Mapping[str, str]]:
    return lambda stack, _files: {"VANTAGE_POSTGRES_DSN": stack.postgres.dsns[schema]}


def _storage(stack: Stack, files: Files) -> Mapping[str, str]:
    return {
        **_owning("storage")(stack, files),
        "VANTAGE_STORAGE_API_HOST": HOST,
        "VANTAGE_STORAGE_API_PORT": str(stack.storage_port),
        "VANTAGE_STORAGE_API_TOKEN": stack.storage_token,
    }


def _keys(stack: Stack, _files: Files) -> Mapping[str, str]:
    return stack.custody.settings() if stack.custody else {}


def _api(stack: Stack, files: Files) -> Mapping[str, str]:
    console = {"VANTAGE_API_CONSOLE_DIR": str(files.console)} if files.console else {}
    return {
        "VANTAGE_POSTGRES_DSN": stack.postgres.dsns["api"],
        "VANTAGE_API_HOST": HOST,
        "VANTAGE_API_PORT": str(stack.api_port),
        "VANTAGE_API_OIDC_ISSUER": stack.oidc.issuer,
        **console,
    }


def wanted(stack: Stack) -> list[str]:
    """The names of the services that a stack needs: the custodian only where objects are encrypted."""
    return [name for name in SERVICES if name != "keys" or stack.custody]


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service("keys", ("vantage-keys", "run"), ("kafka",), _keys),
        Service("scheme", ("vantage-scheme", "run"), ("kafka", "store"), _scheme),
        Service("ingest", ("vantage-ingest", "run"), ("kafka", "store"), _ingest),
        Service("detect", ("vantage-detect", "run"), ("kafka", "store"), _detect),
        Service("engine", ("vantage-alerts", "engine"), ("kafka", "store")),
        Service("desk", ("vantage-alerts", "desk"), ("kafka", "store", "postgres"), _owning("alerts")),
        Service("storage", ("vantage-storage", "run"), ("kafka", "store", "postgres"), _storage),
        Service("api", ("vantage-api", "run"), ("kafka", "store", "postgres", "oidc"), _api),
    )
}
