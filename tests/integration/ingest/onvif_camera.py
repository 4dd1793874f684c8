"""A camera's ONVIF services over HTTP, for tests: what it answers is made from the WSDL's own types, which refuse what
the WSDL does not allow. Only Media2, whose description the library does not ship, is written by hand.
"""

import base64
import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import onvif
import zeep
from lxml import etree
from onvif.definition import SERVICES

SOAP = "http://www.w3.org/2003/05/soap-envelope"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
SKEW = dt.timedelta(seconds=5)
_WSDL = Path(onvif.__file__).parent / "wsdl"
_PASSWORD = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_UTILITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_MEDIA2_PROFILE = """<m:Profiles token="{token}"><m:Name>{name}</m:Name><m:Configurations><m:VideoEncoder token="e">
<t:Name>e</t:Name><t:UseCount>1</t:UseCount><t:Encoding>{codec}</t:Encoding><t:Resolution><t:Width>{width}</t:Width>
<t:Height>{height}</t:Height></t:Resolution><t:RateControl><t:FrameRateLimit>25</t:FrameRateLimit>
<t:BitrateLimit>2048</t:BitrateLimit></t:RateControl><t:Quality>1</t:Quality></m:VideoEncoder></m:Configurations>
</m:Profiles>"""
_MASKS = """<m:Masks token="window"><m:ConfigurationToken>v</m:ConfigurationToken><m:Polygon>
<t:Point x="-1" y="1"/><t:Point x="0" y="1"/><t:Point x="0" y="0"/><t:Point x="-1" y="0"/></m:Polygon>
<m:Type>Color</m:Type><m:Enabled>true</m:Enabled></m:Masks>"""


@dataclass
class Camera:
    """What the camera is like. `profiles` are token, name, codec, width, height; `urls` the stream of each token."""

    user: str = "root"
    password: str = "canary"
    offset: dt.timedelta = dt.timedelta()
    profiles: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    media2: bool = False
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def now(self) -> dt.datetime:
        """What its clock shows."""
        return dt.datetime.now(dt.UTC) + self.offset


@contextmanager
def serving(camera: Camera) -> Iterator[Camera]:
    """The camera on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(camera))
    camera.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(camera: Camera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            if camera.redirect:
                self.send_response(307)
                self.send_header("Location", camera.redirect)
                self.end_headers()
                return
            answer = _answer(camera, etree.fromstring(request))
            self.send_response(200 if b"Fault" not in answer else 400)
            self.send_header("Content-Type", "application/soap+xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name for it
            return

    return Handler


def _answer(camera: Camera, envelope: Any) -> bytes:
    request = envelope.find(f"{{{SOAP}}}Body")[0]
    name = etree.QName(request)
    camera.asked.append(name.localname)
    if name.localname != "GetSystemDateAndTime" and not _knows(camera, envelope):
        return _fault("Sender", "NotAuthorized")
    if name.namespace == MEDIA2:
        return _media2(camera, name.localname, request)
    service = "devicemgmt" if "device" in name.namespace else "media"
    values = _VALUES.get(name.localname)
    return (
        _made(service, name.localname, values(camera, request)) if values else _fault("Receiver", "ActionNotSupported")
    )


def _knows(camera: Camera, envelope: Any) -> bool:
    """Whether the password's digest is right, and of now by the camera's own clock."""
    token = envelope.find(f".//{_PASSWORD}UsernameToken")
    if token is None or token.findtext(f"{_PASSWORD}Username") != camera.user:
        return False
    created = token.findtext(f"{_UTILITY}Created")
    nonce = base64.b64decode(token.findtext(f"{_PASSWORD}Nonce"))
    digest = hashlib.sha1(nonce + created.encode() + camera.password.encode()).digest()  # noqa: S324  # ONVIF's
    age = abs(dt.datetime.fromisoformat(created) - camera.now)
    return token.findtext(f"{_PASSWORD}Password") == base64.b64encode(digest).decode() and age < SKEW


@cache
def _binding(service: str) -> Any:
    known = SERVICES[service]
    client = zeep.Client(str(_WSDL / known["wsdl"]))  # type: ignore[no-untyped-call]
    return client.wsdl.bindings[f"{{{known['ns']}}}{known['binding']}"]


def _made(service: str, operation: str, values: dict[str, Any]) -> bytes:
    return bytes(etree.tostring(_binding(service).get(operation).output.serialize(**values).content))


def _date(camera: Camera, _request: Any) -> dict[str, Any]:
    now = camera.now
    moment = {
        "Time": {"Hour": now.hour, "Minute": now.minute, "Second": now.second},
        "Date": {"Year": now.year, "Month": now.month, "Day": now.day},
    }
    told = {"DateTimeType": "NTP", "DaylightSavings": False, "TimeZone": {"TZ": "HKT-8"}, "UTCDateTime": moment}
    return {"SystemDateAndTime": told}


def _about(_camera: Camera, _request: Any) -> dict[str, Any]:
    return {
        "Manufacturer": "Harbour",
        "Model": 'H-1 "dome": #1',
        "FirmwareVersion": "1.2",
        "SerialNumber": "0042",
        "HardwareId": "7",
    }


def _services(camera: Camera, _request: Any) -> dict[str, Any]:
    """Their addresses lead elsewhere, as behind a translator or at a liar: only the path may be believed."""
    names = ["ver10/device", "ver10/media", *(["ver20/media"] if camera.media2 else [])]
    version = {"Major": 2, "Minor": 60}
    services = [
        {
            "Namespace": f"http://www.onvif.org/{name}/wsdl",
            "XAddr": f"http://127.0.0.9:9/onvif/{number}",
            "Version": version,
        }
        for number, name in enumerate(names)
    ]
    return {"Service": services}


def _profiles(camera: Camera, _request: Any) -> dict[str, Any]:
    return {"Profiles": [_profile(*one) for one in camera.profiles]}


def _profile(token: str, name: str, codec: str, width: int, height: int) -> dict[str, Any]:
    multicast = {"Address": {"Type": "IPv4"}, "Port": 0, "TTL": 1, "AutoStart": False}
    coder = {
        "token": "e",
        "Name": "e",
        "UseCount": 1,
        "Encoding": codec,
        "Resolution": {"Width": width, "Height": height},
        "Quality": 1,
        "RateControl": {"FrameRateLimit": 25, "EncodingInterval": 1, "BitrateLimit": 2048},
        "Multicast": multicast,
        "SessionTimeout": dt.timedelta(seconds=60),
    }
    return {"token": token, "Name": name, "VideoEncoderConfiguration": coder}


def _uri(camera: Camera, request: Any) -> dict[str, Any]:
    token = request.findtext(f"{{{etree.QName(request).namespace}}}ProfileToken")
    ends = {"InvalidAfterConnect": False, "InvalidAfterReboot": False, "Timeout": dt.timedelta(0)}
    return {"MediaUri": {"Uri": camera.urls[token], **ends}}


_VALUES: dict[str, Callable[[Camera, Any], dict[str, Any]]] = {
    "GetSystemDateAndTime": _date,
    "GetDeviceInformation": _about,
    "GetServices": _services,
    "GetProfiles": _profiles,
    "GetStreamUri": _uri,
}


def _media2(camera: Camera, operation: str, request: Any) -> bytes:
    if operation == "GetProfiles":
        names = ("token", "name", "codec", "width", "height")
        content = "".join(_MEDIA2_PROFILE.format(**dict(zip(names, one, strict=True))) for one in camera.profiles)
    elif operation == "GetStreamUri":
        content = f"<m:Uri>{camera.urls[request.findtext(f'{{{MEDIA2}}}ProfileToken')]}</m:Uri>"
    elif operation == "GetMasks":
        content = _MASKS
    else:
        return _fault("Receiver", "ActionNotSupported")
    schema = 'xmlns:t="http://www.onvif.org/ver10/schema"'
    body = f'<m:{operation}Response xmlns:m="{MEDIA2}" {schema}>{content}</m:{operation}Response>'
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def _fault(code: str, subcode: str) -> bytes:
    error = 'xmlns:ter="http://www.onvif.org/ver10/error"'
    return (
        f'<s:Envelope xmlns:s="{SOAP}" {error}><s:Body><s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode>'
        f"<s:Value>ter:{subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>{subcode}</s:Text>"
        "</s:Reason></s:Fault></s:Body></s:Envelope>"
    ).encode()
