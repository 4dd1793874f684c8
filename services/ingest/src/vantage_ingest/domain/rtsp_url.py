"""An RTSP url as a reader needs it: without a user for what goes over the network, and at the address that was checked.

The name in a url is resolved once, by the resolver, and never again: what is opened is the address that it gave back.
What a camera says about urls is text for its own request lines; no address in it is ever opened.
"""

from urllib.parse import quote, urlsplit, urlunsplit

_ABSOLUTE = ("rtsp://", "rtsps://", "rtspu://")


def plain(url: str) -> str:
    """The url as a request line holds it: without user, password and fragment."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def pinned(url: str, ip: str, port: int, credential: str = "") -> str:
    """The url with the address in the host's place, and with the credential where there is one: then never show it."""
    user, colon, password = credential.strip("\r\n").partition(":")
    secret = f"{quote(user, safe='')}:{quote(password, safe='')}@" if colon else ""
    host = f"[{ip}]" if ":" in ip else ip
    return urlunsplit(urlsplit(url)._replace(netloc=f"{secret}{host}:{port}", fragment=""))


def controlled(base: str, control: str) -> str:
    """The url that a `control` attribute names: itself, the base, or something below it (RFC 2326, C.1.1).

    A relative one is put behind the base as it is, query or not: that is what cameras mean by it.
    """
    if control.lower().startswith(_ABSOLUTE):
        return control
    if control in ("", "*"):
        return base
    return f"{base.removesuffix('/')}/{control.removeprefix('/')}"
