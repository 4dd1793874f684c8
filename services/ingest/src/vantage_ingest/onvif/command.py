"""`vantage-ingest probe`: what a camera says of itself, and its entry for the camera file."""

import asyncio
import logging
import sys
from typing import Annotated

import msgspec
import typer

from vantage.clock import SystemClock
from vantage.errors import StartupError, VantageError
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.camera_settings import CameraSettings
from vantage_ingest.domain.credential import BadCredential
from vantage_ingest.onvif.errors import ProbeFailed

_PATIENCE_S = 45.0
_NOT_INSTALLED = "probing needs the library for ONVIF, which is not installed: pip install 'vantage-ingest[onvif]'"


def probe(
    host: Annotated[
        str, typer.Argument(help="The camera's name or address, with :port where ONVIF is not on 80.")
    ] = "",
    credential: Annotated[str | None, typer.Option(help="The credential to ask with, a file's name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    discover: Annotated[bool, typer.Option("--discover", help="Say which cameras answer WS-Discovery.")] = False,
    seconds: Annotated[int, typer.Option(min=1, max=30, help="How long to discover.")] = 3,
) -> None:
    """Ask a camera by ONVIF what it is, and print its entry for the camera file (without the password)."""
    logging.disable(logging.CRITICAL)  # the library's lines hold requests
    if not host and not discover:
        _fail("name a camera's host, or --discover", 64)
    try:
        settings = CameraSettings.load()
        text = (
            _discovered(settings, seconds, as_json=as_json)
            if discover
            else _probed(settings, host, credential, as_json)
        )
    except StartupError as error:
        _fail(str(error), error.exit_code)
    except (VantageError, BadCredential) as error:
        _fail(str(error), 1)
    sys.stdout.write(text + "\n")


def _discovered(settings: CameraSettings, seconds: int, *, as_json: bool) -> str:
    try:
        from vantage_ingest.onvif.discovery import discover  # noqa: PLC0415  # an extra that may not be there
    except ModuleNotFoundError:
        raise ProbeFailed(_NOT_INSTALLED) from None
    found = discover(settings.networks, seconds)
    if as_json:
        return msgspec.json.encode(found).decode()
    lines = [
        f"{one.address}  {' '.join(one.scopes)}" + (f"  REFUSED: {one.refused}" * bool(one.refused)) for one in found
    ]
    return "\n".join(lines) or "no camera answered"


def _probed(settings: CameraSettings, host: str, credential: str | None, as_json: bool) -> str:
    try:
        from vantage_ingest.onvif import asking, findings  # noqa: PLC0415  # an extra that may not be there
    except ModuleNotFoundError:
        raise ProbeFailed(_NOT_INSTALLED) from None
    secret = CredentialFolder(settings.ingest_credentials).secret(credential) if credential else ""
    resolver = Resolver(settings.networks, server=settings.ingest_resolver)
    address = resolver.address(f"rtsp://{host if _has_port(host) else f'{host}:80'}/")
    asked = asking.ask(address, secret, resolver, SystemClock())
    try:
        found = asyncio.run(asyncio.wait_for(asked, _PATIENCE_S))
    except VantageError:
        raise
    except TimeoutError:
        msg = f"{host} did not answer in time: check that ONVIF is switched on at this port"
        raise ProbeFailed(msg) from None
    except Exception as error:  # noqa: BLE001  # whatever a camera makes the library raise is one line, without secrets
        msg = f"{host} could not be asked by ONVIF ({type(error).__name__}: {_words(error, secret)})"
        raise ProbeFailed(msg) from None
    return findings.as_json(found, credential) if as_json else findings.as_text(found, credential)


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].startswith(":") or (":" in host and not host.startswith("["))


def _words(error: Exception, secret: str) -> str:
    text = " ".join(str(error).split())[:200]
    for part in filter(None, (secret, secret.partition(":")[2])):
        text = text.replace(part, "***")
    return text


def _fail(text: str, code: int) -> None:
    sys.stderr.write(f"vantage-ingest: {text}\n")
    sys.exit(code)
