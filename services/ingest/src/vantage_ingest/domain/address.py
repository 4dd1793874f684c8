"""A camera's address: RTSP and nothing else, so that no configuration makes us read a file or another server."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

_CREDENTIAL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_SCHEMES = {"rtsp", "rtsps"}


class BadAddress(ValueError):
    """The url is not an RTSP address without user and password. The message never holds the url's own user part."""


class BadCredential(ValueError):
    """The credential's name or content cannot be used. The message never holds the content."""


def checked_name(name: str) -> str:
    """The credential's name if it is a plain one, so that it cannot lead out of its folder. Raises BadCredential."""
    if not _CREDENTIAL_NAME.fullmatch(name):
        msg = f"the credential's name {name!r} must be lower-case letters, digits and hyphens"
        raise BadCredential(msg)
    return name


def checked_url(url: str) -> str:
    """The url if it may be opened. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        msg = "the url cannot be taken apart: its host or port is not well formed"
        raise BadAddress(msg) from error
    if parts.scheme not in _SCHEMES:
        msg = f"the url's scheme is {parts.scheme!r}"
        raise BadAddress(msg)
    if parts.username is not None or parts.password is not None:
        msg = "the url holds a user or a password"
        raise BadAddress(msg)
    if not parts.hostname or port == 0:
        msg = "the url has no host or no port that can be reached"
        raise BadAddress(msg)
    return url


def with_credential(url: str, credential: str) -> str:
    """The url with user and password for the reader; never log it. Raises BadAddress, BadCredential."""
    user, colon, password = credential.strip("\r\n").partition(":")
    if not colon or not user:
        msg = "the credential is not written as user:password"
        raise BadCredential(msg)
    parts = urlsplit(checked_url(url))
    secret = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit(parts._replace(netloc=secret))
