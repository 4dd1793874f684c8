"""Which tokens hold, whose keys they are checked with, and what happens while the provider is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from vantage_api.adapters.provider_keys import ProviderKeys
from vantage_api.adapters.tokens import JwtTokens
from vantage_api.errors import ProviderUnavailable, Unauthenticated

if TYPE_CHECKING:
    from tests.unit.api.conftest import Provider
    from vantage.testing import ManualClock

ISSUER = "https://sign-in.test"


@pytest.fixture
def tokens(provider: Provider, clock: ManualClock) -> JwtTokens:
    return JwtTokens(ProviderKeys(ISSUER, clock, provider.transport), ISSUER, "urn:vantage:api", clock)


class TestClaims:
    def test_a_good_token_says_who_and_which_roles(self, tokens: JwtTokens, provider: Provider) -> None:
        caller = tokens.caller(provider.token(roles=["operator", "emperor", 7, "auditor"]))
        assert (caller.subject, caller.roles) == ("ann", frozenset({"operator", "auditor"}))

    @pytest.mark.parametrize("audience", ["urn:other", ["urn:other", "urn:another"], "", None])
    def test_a_token_for_somebody_else_is_refused(
        self, tokens: JwtTokens, provider: Provider, audience: object
    ) -> None:
        with pytest.raises(Unauthenticated, match="aud"):
            tokens.caller(provider.token(aud=audience))

    def test_one_of_several_audiences_is_enough(self, tokens: JwtTokens, provider: Provider) -> None:
        assert tokens.caller(provider.token(aud=["urn:other", "urn:vantage:api"])).subject == "ann"

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://sign-in.test/"},
            {"iss": None},
            {"exp": None},
            {"exp": 1},
            {"exp": "tomorrow"},
            {"nbf": 2**40},
            {"iat": 2**40},
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
            {"sub": "x" * 201},
        ],
    )
    def test_a_claim_that_is_missing_or_wrong_is_refused(
        self, tokens: JwtTokens, provider: Provider, claims: dict[str, object]
    ) -> None:
        with pytest.raises(Unauthenticated):
            tokens.caller(provider.token(**claims))

    @pytest.mark.parametrize("roles", [None, "operator", {"operator": True}, []])
    def test_roles_of_another_shape_are_no_roles(self, tokens: JwtTokens, provider: Provider, roles: object) -> None:
        assert tokens.caller(provider.token(roles=roles)).roles == frozenset()

    def test_a_token_ends(self, tokens: JwtTokens, provider: Provider, clock: ManualClock) -> None:
        token = provider.token()
        tokens.caller(token)
        clock.advance(600 + 31)
        with pytest.raises(Unauthenticated, match="exp"):
            tokens.caller(token)


class TestSignature:
    def test_no_algorithm_of_a_shared_secret_counts(self, tokens: JwtTokens, provider: Provider) -> None:
        secret = OctKey.import_key(str(provider.keys[0].as_dict(private=False)["x"]))
        token = jwt.encode({"alg": "HS256", "kid": "ec-1"}, provider.claims(), secret)
        with pytest.raises(Unauthenticated, match="HS256"):
            tokens.caller(token)

    def test_another_key_of_the_same_id_does_not_count(self, tokens: JwtTokens, provider: Provider) -> None:
        own = ECKey.generate_key("P-256")
        with pytest.raises(Unauthenticated):
            tokens.caller(jwt.encode({"alg": "ES256", "kid": "ec-1"}, provider.claims(), own))

    @pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "é.é.é", "x" * 9_000, "e30.e30.e30"])
    def test_what_is_no_token_is_refused(self, tokens: JwtTokens, token: str) -> None:
        with pytest.raises(Unauthenticated):
            tokens.caller(token)


class TestKeys:
    def test_keys_that_turned_are_fetched_for_the_first_token_that_needs_them(
        self, tokens: JwtTokens, provider: Provider, clock: ManualClock
    ) -> None:
        tokens.caller(provider.token())
        clock.advance(11)
        provider.turn_keys()
        assert tokens.caller(provider.token()).subject == "ann"
        assert provider.fetches == 2

    def test_made_up_key_ids_do_not_make_a_fetch_each(
        self, tokens: JwtTokens, provider: Provider, clock: ManualClock
    ) -> None:
        tokens.caller(provider.token())
        clock.advance(11)
        for number in range(50):
            with pytest.raises(Unauthenticated):
                tokens.caller(jwt.encode({"alg": "ES256", "kid": f"x{number}"}, {}, provider.keys[0]))
        assert provider.fetches == 2

    def test_a_short_absence_of_the_provider_signs_nobody_out(
        self, tokens: JwtTokens, provider: Provider, clock: ManualClock
    ) -> None:
        tokens.caller(provider.token())
        provider.away = True
        clock.advance(1_800)
        assert tokens.caller(provider.token()).subject == "ann"

    def test_keys_that_could_not_be_renewed_for_an_hour_count_no_more(
        self, tokens: JwtTokens, provider: Provider, clock: ManualClock
    ) -> None:
        tokens.caller(provider.token())
        provider.away = True
        clock.advance(3_700)
        with pytest.raises(ProviderUnavailable, match="no route"):
            tokens.caller(provider.token())
        provider.away = False
        clock.advance(2)
        assert tokens.caller(provider.token()).subject == "ann"

    def test_without_keys_no_token_counts(self, tokens: JwtTokens, provider: Provider) -> None:
        provider.away = True
        with pytest.raises(ProviderUnavailable):
            tokens.caller(provider.token())

    def test_a_provider_that_says_it_is_another_is_not_believed(self, tokens: JwtTokens, provider: Provider) -> None:
        provider.issuer = "https://other.test"
        with pytest.raises(ProviderUnavailable, match=r"other\.test"):
            tokens.caller(provider.token())
