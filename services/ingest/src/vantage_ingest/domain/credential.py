"""A camera's credential: a name that everybody may know, and `user:password`, which nobody is shown."""

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_LONGEST = 1024


class BadCredential(ValueError):
    """The credential's name or content cannot be used. The message never holds the content."""


def checked_name(name: str) -> str:
    """The credential's name if it is a plain one, so that it cannot lead out of its folder. Raises BadCredential."""
    if not _NAME.fullmatch(name):
        msg = f"the credential's name {name!r} must be lower-case letters, digits and hyphens"
        raise BadCredential(msg)
    return name


def checked_content(content: str) -> str:
    """`user:password`, without the line's end. Raises BadCredential.

    A control character would end the header that a reader writes it into, and begin another.
    """
    credential = content.rstrip("\r\n")
    user, colon, _ = credential.partition(":")
    if not colon or not user:
        msg = "the credential is not written as user:password"
        raise BadCredential(msg)
    if len(credential) > _LONGEST or not credential.isprintable():
        msg = "the credential is longer than one line of 1024 characters, or holds a control character"
        raise BadCredential(msg)
    return credential
