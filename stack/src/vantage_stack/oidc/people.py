"""Who may sign in to a stack, and as what: the same for every stack, while each has secrets of its own."""

import secrets
from dataclasses import dataclass, field


def _secret() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True)
class Login:
    """An account or a confidential client: its name, its roles, and the secret that was made for it."""

    name: str
    roles: tuple[str, ...]
    secret: str = field(default_factory=_secret, repr=False)


def accounts() -> dict[str, Login]:
    """The people, by name."""
    return _by_name(
        Login("operator", ("operator",)),
        Login("investigator", ("investigator",)),
        Login("auditor", ("auditor",)),
    )


def clients() -> dict[str, Login]:
    """The systems that sign in as themselves, by name."""
    return _by_name(
        Login("control-room", ("operator", "investigator")),
        Login("auditor-desk", ("auditor",)),
        Login("public-desk", ("public-info",)),
    )


def _by_name(*logins: Login) -> dict[str, Login]:
    return {login.name: login for login in logins}
