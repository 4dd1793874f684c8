"""Sign-in by a real OpenID provider: what it signs can be verified, and what it must refuse, it refuses."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

from vantage_stack.errors import SignInRefused
from vantage_stack.oidc.code_flow import CodeFlow
from vantage_stack.oidc.provider import AUDIENCE, CONSOLE, OpenIdProvider

ISSUED = jwt.JWTClaimsRegistry(exp={"essential": True})


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    """Keeps cookies and follows no redirects by itself."""
    with httpx.Client(trust_env=False) as client:
        yield client


def keys_of(provider: OpenIdProvider) -> KeySet:
    return KeySet.import_key_set(httpx.get(provider.endpoints["jwks_uri"], trust_env=False).json())


def claims_of(provider: OpenIdProvider, token: str) -> dict[str, Any]:
    verified = jwt.decode(token, keys_of(provider), algorithms=["ES256"])
    ISSUED.validate(verified.claims)
    assert verified.header["typ"] == "at+jwt"
    return verified.claims


def flow_of(provider: OpenIdProvider, redirect: str | None = None) -> CodeFlow:
    return CodeFlow(provider.endpoints, CONSOLE, redirect or f"{provider.console_origin}/", AUDIENCE)


def begin(provider: OpenIdProvider, browser: httpx.Client, **changed: str | None) -> httpx.Response:
    """The provider's answer to the console's request for a code, with some of the request changed or left out."""
    usual = {
        "response_type": "code",
        "client_id": CONSOLE,
        "redirect_uri": f"{provider.console_origin}/",
        "scope": "openid",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    query = {name: value for name, value in (usual | changed).items() if value is not None}
    return browser.get(provider.endpoints["authorization_endpoint"], params=query)


def sign_in_page(provider: OpenIdProvider, browser: httpx.Client) -> httpx.Response:
    return browser.get(provider.issuer + begin(provider, browser).headers["Location"])


@pytest.mark.parametrize(
    ("client", "roles"),
    [
        ("control-room", ["operator", "investigator"]),
        ("auditor-desk", ["auditor"]),
        ("public-desk", ["public-info"]),
    ],
)
def test_a_systems_token_verifies_and_says_its_roles(provider: OpenIdProvider, client: str, roles: list[str]) -> None:
    claims = claims_of(provider, provider.token(client))
    assert (claims["iss"], claims["aud"], claims["sub"]) == (provider.issuer, AUDIENCE, client)
    assert claims["roles"] == roles


@pytest.mark.parametrize("account", ["operator", "investigator", "auditor"])
def test_a_person_signs_in_with_their_password(provider: OpenIdProvider, account: str) -> None:
    claims = claims_of(provider, provider.sign_in(account))
    assert (claims["iss"], claims["aud"], claims["sub"]) == (provider.issuer, AUDIENCE, account)
    assert claims["roles"] == [account]


def test_a_wrong_password_is_refused(provider: OpenIdProvider) -> None:
    with pytest.raises(SignInRefused, match="'operator' was not signed in"):
        provider.sign_in("operator", provider.accounts["auditor"])


def test_an_account_that_is_not_there_is_refused_in_the_same_words(
    provider: OpenIdProvider, browser: httpx.Client
) -> None:
    page = sign_in_page(provider, browser)
    answers = [
        browser.post(page.url, data={"account": account, "password": "wrong"}) for account in ("operator", "nobody")
    ]
    alerts = [re.findall(r'role="alert">(.*?)<', answer.text) for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert alerts == [["The account or the password is wrong. Check both and try again."]] * 2


def test_the_sign_in_page_shows_what_was_typed_as_text(provider: OpenIdProvider, browser: httpx.Client) -> None:
    page = sign_in_page(provider, browser)
    answer = browser.post(page.url, data={"account": '"><script>', "password": "wrong"})
    assert "<script>" not in answer.text
    assert "&quot;&gt;&lt;script&gt;" in answer.text


def test_a_form_that_is_longer_than_any_sign_in_is_refused(provider: OpenIdProvider, browser: httpx.Client) -> None:
    page = sign_in_page(provider, browser)
    assert browser.post(page.url, data={"account": "operator", "password": "x" * 10_000}).status_code == 401


def test_a_sign_in_that_was_never_begun_says_so(provider: OpenIdProvider, browser: httpx.Client) -> None:
    answer = browser.get(f"{provider.issuer}/sign-in/unknown")
    assert answer.status_code == 400
    assert "Go back to the console and sign in again" in answer.text


def test_another_redirect_address_is_refused_without_a_redirect(
    provider: OpenIdProvider, browser: httpx.Client
) -> None:
    answer = begin(provider, browser, redirect_uri="http://127.0.0.1:1/")
    assert answer.status_code == 400
    assert "redirect_uri did not match" in answer.text


def test_a_request_without_pkce_is_refused(provider: OpenIdProvider, browser: httpx.Client) -> None:
    answer = begin(provider, browser, code_challenge=None, code_challenge_method=None)
    assert "error=invalid_request" in answer.headers["Location"]


def test_a_code_is_worth_nothing_without_its_verifier(provider: OpenIdProvider, browser: httpx.Client) -> None:
    page = sign_in_page(provider, browser)
    account = {"account": "operator", "password": provider.accounts["operator"]}
    back = browser.get(browser.post(page.url, data=account).headers["Location"])
    code = httpx.URL(back.headers["Location"]).params["code"]
    with pytest.raises(SignInRefused, match="invalid_grant"):
        flow_of(provider)._redeem(browser, code, "y" * 43)


def test_a_session_is_renewed_by_its_refresh_token_once(provider: OpenIdProvider, browser: httpx.Client) -> None:
    tokens = flow_of(provider).sign_in(browser, "operator", provider.accounts["operator"])
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": CONSOLE}
    renewed = browser.post(provider.endpoints["token_endpoint"], data=grant).json()
    assert claims_of(provider, renewed["access_token"])["roles"] == ["operator"]
    assert browser.post(provider.endpoints["token_endpoint"], data=grant).json()["error"] == "invalid_grant"


def test_a_wrong_client_secret_is_refused(provider: OpenIdProvider, browser: httpx.Client) -> None:
    grant = {"grant_type": "client_credentials", "resource": AUDIENCE}
    answer = browser.post(provider.endpoints["token_endpoint"], data=grant, auth=("control-room", "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("resource", ["urn:another:api", "https://example.org/"])
def test_no_token_is_given_for_another_api(provider: OpenIdProvider, browser: httpx.Client, resource: str) -> None:
    grant = {"grant_type": "client_credentials", "resource": resource}
    auth = ("control-room", provider.client_secret("control-room"))
    answer = browser.post(provider.endpoints["token_endpoint"], data=grant, auth=auth)
    assert answer.json()["error"] == "invalid_target"


def test_only_the_consoles_pages_may_read_a_token_answer(provider: OpenIdProvider, browser: httpx.Client) -> None:
    grant = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": CONSOLE}
    allowed = [
        browser.post(provider.endpoints["token_endpoint"], data=grant, headers={"Origin": origin}).headers.get(
            "Access-Control-Allow-Origin"
        )
        for origin in (provider.console_origin, "http://127.0.0.1:1")
    ]
    assert allowed == [provider.console_origin, None]


def test_a_client_that_is_not_there_is_named(provider: OpenIdProvider) -> None:
    with pytest.raises(SignInRefused, match=r"'kiosk' is not known to sign-in: use control-room"):
        provider.token("kiosk")


def test_secrets_are_in_a_file_of_our_own_and_not_on_the_command_line(provider: OpenIdProvider) -> None:
    [server] = provider.processes
    command = Path(f"/proc/{server.pid}/cmdline").read_text().split("\0")
    file = Path(command[-2])
    secrets = [provider.client_secret("control-room"), provider.accounts["operator"]]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {client["secret"] for client in json.loads(file.read_text())["clients"]} >= {secrets[0]}
    assert not any(secret in word for secret in secrets for word in command)


def test_a_token_of_an_earlier_start_does_not_verify(provider: OpenIdProvider) -> None:
    token = provider.token()
    provider.stop()
    provider.start()
    with pytest.raises((InvalidKeyIdError, BadSignatureError, ValueError)):
        claims_of(provider, token)
    assert claims_of(provider, provider.token())["sub"] == "control-room"
