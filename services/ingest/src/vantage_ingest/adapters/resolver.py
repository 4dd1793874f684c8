"""Where a camera's name leads, and whether that may be opened: asked anew at every connection, and then pinned.

A name is resolved once and the reader connects to the address that was checked, so no second answer can lead elsewhere.
Every address of an answer is checked, and one that may not be opened refuses them all: a name that leads to a camera
and to something else is not a camera's. Names are absolute: the search domains of a cluster are not tried.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.rdatatype
import dns.resolver

from vantage.camera_address import BadAddress, CameraAddress
from vantage.camera_networks import CameraNetworks, name_refusal
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_HOSTS = Path("/etc/hosts")
_PATIENCE_S = 5.0
_FAMILIES = (dns.rdatatype.A, dns.rdatatype.AAAA)


@dataclass(frozen=True)
class Address:
    """The host as it is written, and the one address that was checked."""

    host: str
    ip: str
    port: int


class Resolver:
    """Finds cameras, and only where cameras may be. Keeps nothing between calls, so threads may share it.

    `server` is a DNS server as ip:port; without one the system's are asked, after its file of hosts.
    """

    def __init__(
        self, networks: CameraNetworks, *, server: str = "", patience_s: float = _PATIENCE_S, hosts: Path = _HOSTS
    ) -> None:
        self._networks = networks
        self._server = server
        self._patience_s = patience_s
        self._hosts = hosts

    def address(self, url: str) -> Address:
        """Resolve, check and pin, within the patience. Raises StreamEnded: bad or forbidden address, unreachable."""
        try:
            address = CameraAddress.parse(url)
        except BadAddress as error:
            raise StreamEnded(EndCause.BAD_ADDRESS, f"it {error.wrong}") from None
        self._allow(self._networks.literal_refusal(address))
        found = [str(address.ip)] if address.ip is not None else self._resolve(address.host)
        for ip in found:
            reason = self._networks.refusal(ip)
            self._allow(reason and f"{_led(address.host, ip)} {reason}")
        return Address(address.host, found[0], address.port)

    def _allow(self, refusal: str | None) -> None:
        if refusal:
            raise StreamEnded(EndCause.FORBIDDEN_ADDRESS, refusal)

    def _resolve(self, name: str) -> list[str]:
        if not self._server and (listed := _listed(self._hosts, name)):
            return listed
        try:
            found = self._ask(name)
        except dns.exception.DNSException as error:
            raise StreamEnded(EndCause.UNREACHABLE, f"{name} {_trouble(error)}") from None
        if not found:
            raise StreamEnded(EndCause.UNREACHABLE, f"{name} has no address")
        return found

    def _ask(self, name: str) -> list[str]:
        """Addresses of both families, IPv4 first; an error of one counts where the other has none either."""
        asking, until = self._client(), time.monotonic() + self._patience_s
        found: list[str] = []
        trouble: dns.exception.DNSException | None = None
        for family in _FAMILIES:
            try:
                answer = asking.resolve(
                    name + ".",
                    family,
                    raise_on_no_answer=False,
                    search=False,
                    lifetime=max(0.1, until - time.monotonic()),
                )
            except dns.resolver.NXDOMAIN:
                raise
            except dns.exception.DNSException as error:
                trouble = error
                continue
            self._allow(_alias_refusal(name, answer))
            found += [record.to_text() for record in answer.rrset or ()]
        if not found and trouble is not None:
            raise trouble
        return found

    def _client(self) -> dns.resolver.Resolver:
        if not self._server:
            return dns.resolver.Resolver()
        host, _, port = self._server.rpartition(":")
        client = dns.resolver.Resolver(configure=False)
        client.nameservers, client.port = [host.strip("[]")], int(port)
        return client


def _alias_refusal(name: str, answer: dns.resolver.Answer) -> str | None:
    """Why a name that the answer passes through is no camera's."""
    aliases: Iterable[str] = (
        record.target.to_text(omit_final_dot=True).lower()
        for alias in answer.chaining_result.cnames
        for record in alias
    )
    return next((f"{_led(name, alias)} {reason}" for alias in aliases if (reason := name_refusal(alias))), None)


def _listed(hosts: Path, name: str) -> list[str]:
    """The addresses that the file of hosts has for a name."""
    try:
        lines = hosts.read_text(errors="replace").splitlines()
    except OSError:
        return []
    words = (line.partition("#")[0].lower().split() for line in lines)
    return [found[0] for found in words if name in found[1:]]


def _led(host: str, ip: str) -> str:
    return ip if host == ip else f"{host} leads to {ip}, which"


def _trouble(error: dns.exception.DNSException) -> str:
    if isinstance(error, dns.resolver.NXDOMAIN):
        return "is a name that DNS does not know"
    if isinstance(error, dns.exception.Timeout):
        return "could not be resolved in time: no DNS server answered"
    return f"could not be resolved ({type(error).__name__})"
