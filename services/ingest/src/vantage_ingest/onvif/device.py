"""A camera's ONVIF services, asked at the one address that was checked.

What the camera says about its own addresses is read for the path alone: everything is asked at the pinned address and
port. A redirect is an error, and so is an answer that takes too long or is too large.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import onvif
from lxml import etree
from onvif.client import ONVIFService, UsernameDigestTokenDtDiff
from onvif.definition import SERVICES

from vantage_ingest.onvif.errors import NoAnswer

_WSDL = Path(onvif.__file__).parent / "wsdl"
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_PATH = "/onvif/device_service"
_LARGEST = 4 << 20
_PATIENCE_S = 10


class Device:
    """One camera's services, by name or, for those that the library has no description of, by element."""

    def __init__(self, ip: str, port: int, credential: str) -> None:
        user, _, password = credential.partition(":")
        self._host = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        self._user, self._password = user, password
        self._offset: dt.timedelta | None = None
        self._session = _session(user, password)
        self._services: dict[str, ONVIFService] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services.values():
            await service.close()
        await self._session.close()

    def differs_by(self, offset: dt.timedelta) -> None:
        """The camera's clock minus ours: it checks a password against its own time."""
        self._offset = offset

    async def service(self, name: str, path: str = _PATH) -> ONVIFService:
        """A service of the library's, at a path of the camera."""
        known = SERVICES[name]
        service = ONVIFService(
            f"http://{self._host}{path}",
            self._user or None,
            self._password,
            str(_WSDL / known["wsdl"]),
            no_cache=True,
            dt_diff=self._offset,
            binding_name=f"{{{known['ns']}}}{known['binding']}",
            binding_key=f"{name} {path} {self._offset}",
            read_timeout=_PATIENCE_S,
        )
        self._services[service.binding_key] = service
        service.transport.session = self._session
        await service.setup()
        return service

    async def ask(self, path: str, namespace: str, operation: str, values: Mapping[str, str]) -> etree._Element:
        """Ask by element; gives the body's content. Raises NoAnswer."""
        envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"s": _SOAP, "q": namespace})
        etree.SubElement(envelope, f"{{{_SOAP}}}Header")
        request = etree.SubElement(etree.SubElement(envelope, f"{{{_SOAP}}}Body"), f"{{{namespace}}}{operation}")
        for name, value in values.items():
            etree.SubElement(request, f"{{{namespace}}}{name}").text = value
        if self._user:
            UsernameDigestTokenDtDiff(self._user, self._password, dt_diff=self._offset, use_digest=True).apply(
                envelope, {}
            )
        return _content(operation, await self._post(path, etree.tostring(envelope)))

    async def _post(self, path: str, body: bytes) -> bytes:
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        async with self._session.post(f"http://{self._host}{path}", data=body, headers=headers) as answer:
            return await answer.content.read(_LARGEST)


def path_of(address: str | None) -> str:
    """Where a service is at the camera, of what the camera says; the path alone is believed."""
    return urlsplit(address or "").path or _PATH


def _content(operation: str, answer: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        body = etree.fromstring(answer, parser).find(f"{{{_SOAP}}}Body")
    except etree.XMLSyntaxError:
        body = None
    content: Any = body[0] if body is not None and len(body) else None
    if content is None or etree.QName(content).localname != f"{operation}Response":
        msg = f"it does not answer {operation}"
        raise NoAnswer(msg)
    return content


def _session(user: str, password: str) -> aiohttp.ClientSession:
    """HTTP to the camera: digest where it asks for that, no redirect, no proxy of the environment."""
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse)
    digest = (aiohttp.DigestAuthMiddleware(user, password),) if user else ()
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    return aiohttp.ClientSession(trace_configs=[trace], middlewares=digest, timeout=timeout, trust_env=False)


async def _refuse(_session: object, _context: object, _parameters: object) -> None:
    msg = "it sends us on to another address, which is not followed"
    raise NoAnswer(msg)
