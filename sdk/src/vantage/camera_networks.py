"""Where cameras may stand: the networks that the operator names, and what no camera's address may lead to.

An address counts by its bits alone: an IPv6 address that has an IPv4 address inside is refused as what it is, because
each system unpacks it differently.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from vantage.camera_address import CameraAddress, Ip

Network = IPv4Network | IPv6Network

_NEVER = {
    "no address of a machine": ("0.0.0.0/8", "::/128", "100::/64"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "a broadcast or reserved address": ("240.0.0.0/4", "5f00::/16"),
    "an IPv4 address in IPv6 clothes": ("::ffff:0:0/96", "::ffff:0:0:0/96"),
    "a tunnel's address": ("2002::/16", "2001::/32", "192.88.99.0/24"),
}
"""Refused whatever the settings say."""
_UNLESS_NAMED = {
    "this machine itself": ("127.0.0.0/8", "::1/128"),
    "a cloud's metadata service": (
        *("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "100.100.100.200/32", "168.63.129.16/32"),
        *("192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128", "fe80::a9fe:a9fe/128"),
    ),
    "a link-local address": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
    "an address for documentation or tests": (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
        *("2001:db8::/32", "3fff::/20", "2001:2::/48"),
    ),
    "an address for protocols alone": ("192.0.0.0/24", "2001:10::/28", "2001:20::/28"),
    "an IPv4 address in old IPv6 clothes": ("::/96",),
    "an IPv4 address behind a translator": ("64:ff9b::/96", "64:ff9b:1::/48"),
}
"""Refused unless a camera network is named that lies inside the range: a wider one does not open it by the way."""

_NAMES = ("localhost", "localdomain", "cluster.local", "svc", "metadata", "metadata.google.internal")
_MORE_NAMES = ("ip6-localhost", "ip6-loopback", "instance-data", "docker.internal", "containers.internal")
_SHORTEST = {4: 8, 6: 32}


class BadNetworks(ValueError):
    """A list of networks cannot be used."""


def networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas. Raises BadNetworks."""
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


class CameraNetworks:
    """Says of an address why no camera may be there. `cluster` are the ranges of the cluster's pods and services."""

    def __init__(self, allowed: Sequence[Network], cluster: Sequence[Network] = ()) -> None:
        self._allowed = tuple(_checked(one) for one in allowed)
        ranges = [*_ranges(_UNLESS_NAMED), *((one, "an address of the cluster") for one in cluster)]
        self._ranges = ranges

    def refusal(self, ip: Ip | str) -> str | None:
        """What is wrong with an IP address, as the end of a sentence that begins with it; None where it may be."""
        found = ip_address(ip) if isinstance(ip, str) else ip
        for network, meaning in _NEVER_RANGES:
            if _inside(found, network):
                return f"is {meaning}"
        holding = [network for network in self._allowed if _inside(found, network)]
        for network, meaning in self._ranges:
            if _inside(found, network) and not any(_part_of(one, network) for one in holding):
                return f"is {meaning}"
        if not holding:
            return "is in no network for cameras"
        if all(_is_edge(found, one) for one in holding):
            return "is the network's own or its broadcast address"
        return None

    def literal_refusal(self, address: CameraAddress) -> str | None:
        """What can be told without resolving: of an IP address all, of a name only that it never is a camera's."""
        reason = self.refusal(address.ip) if address.ip is not None else name_refusal(address.host)
        return None if reason is None else f"{address.host} {reason}"


def name_refusal(name: str) -> str | None:
    """Why a name, in lower case, is not a camera's wherever it leads; None where that is not known."""
    if any(name == one or name.endswith(f".{one}") for one in (*_NAMES, *_MORE_NAMES)):
        return "is a name of this machine, of the cluster or of a metadata service"
    return None


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        msg = f"{text!r} is not a network: {error}; write it as 10.20.0.0/16 or 2a02:1234::/48"
        raise BadNetworks(msg) from None


def _checked(network: Network) -> Network:
    if network.prefixlen < _SHORTEST[network.version]:
        msg = f"{network} is wider than /{_SHORTEST[network.version]}: name the networks where cameras stand"
        raise BadNetworks(msg)
    for never, meaning in _NEVER_RANGES:
        if _part_of(network, never):
            msg = f"{network} is {meaning}: cameras cannot stand there"
            raise BadNetworks(msg)
    return network


def _ranges(table: dict[str, tuple[str, ...]]) -> Iterable[tuple[Network, str]]:
    return [(ip_network(text), meaning) for meaning, texts in table.items() for text in texts]


_NEVER_RANGES = _ranges(_NEVER)


def _inside(ip: Ip, network: Network) -> bool:
    return ip.version == network.version and ip in network


def _part_of(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _is_edge(ip: Ip, network: Network) -> bool:
    """Whether it stands for an IPv4 network as a whole; one of two addresses, or of one, has no such."""
    if network.version == 6 or network.prefixlen >= 31:
        return False
    return ip in (network.network_address, network.broadcast_address)
