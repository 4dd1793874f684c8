"""Who a bearer token speaks for: a JWT (RFC 9068) signed by the provider, for this audience, and not over."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry

from vantage.clock import Clock
from vantage_api import metrics
from vantage_api.adapters.provider_keys import ProviderKeys
from vantage_api.domain.access import ROLES, Caller
from vantage_api.errors import Unauthenticated

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
"""Signatures by a key pair only: a shared secret (HS*) or no signature (none) never counts."""
_LONGEST = 8_192
_LEEWAY_S = 30
_SUBJECT = 200


class JwtTokens:
    """Verifies tokens against the provider's keys."""

    def __init__(self, keys: ProviderKeys, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

    def caller(self, token: str) -> Caller:
        """Who the token speaks for. Raises Unauthenticated, ProviderUnavailable."""
        if len(token) > _LONGEST:
            msg = f"the token is longer than {_LONGEST} characters"
            raise _refused(msg, "too_long")
        try:
            claims = jwt.decode(token, self._key, registry=self._registry).claims
            self._check(claims)
        except (JoseError, ValueError) as error:
            msg = f"the token does not hold ({error}): sign in again"
            raise _refused(msg, getattr(error, "error", "") or "unreadable") from error
        return _caller(claims)

    def _key(self, signature: Any) -> Key:
        parsed: CompactSignature = signature
        return self._keys.get(parsed.headers().get("kid"))

    def _check(self, claims: Mapping[str, Any]) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=self._clock.now_us() // 1_000_000,
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        registry.validate(dict(claims))


def _caller(claims: Mapping[str, Any]) -> Caller:
    subject = str(claims["sub"])
    if len(subject) > _SUBJECT:
        msg = f"the token's subject is longer than {_SUBJECT} characters"
        raise _refused(msg, "long_subject")
    listed = claims.get("roles")
    roles = {role for role in listed if isinstance(role, str)} if isinstance(listed, list) else set()
    return Caller(subject, frozenset(roles & ROLES), int(claims["exp"]))


def _refused(detail: str, reason: str) -> Unauthenticated:
    metrics.REFUSED_TOKENS.labels(reason).inc()
    return Unauthenticated(detail)
