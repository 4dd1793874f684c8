"""Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636) as a browser does it, without a browser."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from vantage_stack.errors import SignInRefused

_MOST_HOPS = 5


@dataclass(frozen=True)
class CodeFlow:
    """One public client at one provider. `endpoints` is the provider's discovery document."""

    endpoints: Mapping[str, str]
    client_id: str
    redirect: str
    audience: str

    def sign_in(self, http: httpx.Client, account: str, password: str) -> Mapping[str, object]:
        """The token response. Raises SignInRefused. `http` keeps the session's cookies and follows no redirects."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        page = self._follow(http, http.get(self.endpoints["authorization_endpoint"], params=self._ask(verifier, state)))
        back = self._follow(http, http.post(page.url, data={"account": account, "password": password}))
        given = {name: values[0] for name, values in parse_qs(urlsplit(back.headers.get("Location", "")).query).items()}
        if "code" not in given or given.get("state") != state:
            msg = f"{account!r} was not signed in: {given.get('error_description') or f'HTTP {back.status_code}'}"
            raise SignInRefused(msg)
        return self._redeem(http, given["code"], verifier)

    def _ask(self, verifier: str, state: str) -> dict[str, str]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": "openid",
            "resource": self.audience,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }

    def _follow(self, http: httpx.Client, answer: httpx.Response) -> httpx.Response:
        """Follow redirects within the provider; stop at a page, or at the redirect back to the client."""
        for _ in range(_MOST_HOPS):
            target = urljoin(str(answer.url), answer.headers.get("Location", ""))
            if not answer.is_redirect or target.startswith(self.redirect):
                return answer
            answer = http.get(target)
        msg = f"the provider redirects without end, last to {answer.url}"
        raise SignInRefused(msg)

    def _redeem(self, http: httpx.Client, code: str, verifier: str) -> Mapping[str, object]:
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": verifier,
            "client_id": self.client_id,
        }
        answer = http.post(self.endpoints["token_endpoint"], data=grant)
        if answer.is_error:
            raise SignInRefused(answer.text)
        tokens: Mapping[str, object] = answer.json()
        return tokens
