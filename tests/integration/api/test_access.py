"""Who is let in, over the real sign-in provider, and that each decision is on record before its effect."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from tests.integration.api.conftest import Client, GatewayProcess, Until, World
    from vantage_stack.oidc.provider import OpenIdProvider


def part(token: str, number: int) -> dict[str, str]:
    text = token.split(".")[number]
    found: dict[str, str] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def packed(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture
def forged(desk_token: str, oidc: OpenIdProvider) -> dict[str, str]:
    """Tokens that say what a good one says, but are not the provider's."""
    head, claims = part(desk_token, 0), part(desk_token, 1)
    first, _, last = desk_token.split(".")
    published = httpx.get(oidc.endpoints["jwks_uri"], trust_env=False).json()["keys"][0]
    own = jwt.encode({"alg": "ES256", "kid": head["kid"]}, claims, ECKey.generate_key("P-256"))
    unsigned = f"{packed({'alg': 'HS256', 'kid': head['kid']})}.{packed({**claims})}"
    digest = hmac.digest(ECKey.import_key(published).as_pem(private=False), unsigned.encode(), "sha256")
    return {
        "signed by another key": own,
        "without a signature": f"{packed({'alg': 'none'})}.{packed({**claims})}.",
        "signed by the public key as a secret": f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}",
        "with another role": f"{first}.{packed({**claims, 'roles': ['admin']})}.{last}",
        "of no shape": "abc",
    }


class TestSignIn:
    def test_a_token_of_the_provider_lists_the_cameras_without_their_source(self, desk: Client, camera: str) -> None:
        answer = desk.get("/v1/cameras")
        assert answer.status_code == 200
        assert next(one for one in answer.json()["cameras"] if one["camera_id"] == camera)["name"] == "A test camera"
        assert "secret" not in answer.text
        assert "10.1.2.3" not in answer.text

    @pytest.mark.parametrize(
        "kind",
        [
            "signed by another key",
            "without a signature",
            "signed by the public key as a secret",
            "with another role",
            "of no shape",
        ],
    )
    def test_a_forged_token_is_refused(self, gateway: GatewayProcess, forged: dict[str, str], kind: str) -> None:
        headers = {"Authorization": f"Bearer {forged[kind]}"}
        answer = httpx.get(f"{gateway.address}/v1/cameras", headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert "sign in" in answer.json()["detail"]

    def test_nothing_but_the_configuration_is_given_without_a_token(self, gateway: GatewayProcess) -> None:
        http = httpx.Client(base_url=gateway.address, trust_env=False)
        assert http.get("/v1/cameras").status_code == 401
        assert http.get("/v1/cameras").headers["WWW-Authenticate"] == 'Bearer realm="vantage"'
        assert http.get("/v1/config").json()["audience"] == "urn:vantage:api"


class TestRoles:
    def test_an_auditor_may_not_look_and_the_no_is_on_record(
        self, gateway: GatewayProcess, oidc: OpenIdProvider, world: World, camera: str
    ) -> None:
        auditor = gateway.client(oidc.token("auditor-desk"))
        assert auditor.get("/v1/cameras").status_code == 200
        assert auditor.get("/v1/alerts").status_code == 403
        assert auditor.get("/v1/alerts/stream").status_code == 403
        answer = auditor.look(camera_id=camera, kind="live")
        assert answer.status_code == 403
        assert "operator" in answer.json()["detail"]
        (record,) = world.decisions(resource=camera)
        assert (record.decision, record.action, record.purpose) == ("deny", "view.live", "crime-prevention")

    def test_a_public_role_sees_nothing(self, gateway: GatewayProcess, oidc: OpenIdProvider, camera: str) -> None:
        public = gateway.client(oidc.token("public-desk"))
        paths = ("/v1/cameras", "/v1/alerts", "/v1/alerts/stream")
        assert {public.get(path).status_code for path in paths} == {403}
        assert public.look(camera_id=camera, kind="live").status_code == 403

    def test_recorded_video_for_a_court_needs_its_case(self, desk: Client, world: World, camera: str) -> None:
        wish = {"camera_id": camera, "kind": "recorded", "purpose": "court", "from_us": 1, "to_us": 2}
        assert desk.look(**wish).status_code == 403
        assert desk.look(**wish, case="HCA 17/2026").status_code == 201
        assert [(one.decision, one.case) for one in world.decisions(resource=camera)] == [
            ("deny", ""),
            ("allow", "HCA 17/2026"),
        ]


class TestRecord:
    def test_an_allowed_look_is_on_record_when_its_answer_comes(self, desk: Client, world: World, camera: str) -> None:
        answer = desk.look(camera_id=camera, kind="live", purpose="crowd-management")
        assert answer.status_code == 201
        (record,) = world.decisions(resource=camera)
        assert (record.decision, record.purpose, record.actor) == ("allow", "crowd-management", "control-room")
        assert record.detail["view_id"] == answer.json()["view_id"]

    def test_a_camera_that_is_not_there_is_a_no_on_record(self, desk: Client, world: World) -> None:
        answer = desk.look(camera_id="hk1.nowhere", kind="live")
        assert answer.status_code == 404
        assert [one.decision for one in world.decisions(resource="hk1.nowhere")] == ["deny"]

    def test_an_unknown_purpose_is_refused_before_any_decision(self, desk: Client, world: World, camera: str) -> None:
        answer = desk.look(camera_id=camera, kind="live", purpose="curiosity")
        assert answer.status_code == 422
        assert "purpose" in answer.json()["detail"]
        assert world.decisions(resource=camera) == []


class TestViews:
    def test_a_view_serves_its_own_subject_only(
        self, gateway: GatewayProcess, world: World, camera: str, oidc: OpenIdProvider
    ) -> None:
        view = gateway.client().look(camera_id=camera, kind="live").json()
        answer = gateway.client(oidc.sign_in("operator")).get(view["playlist"])
        assert answer.status_code == 403
        (record,) = world.decisions(resource=view["view_id"])
        assert (record.decision, record.action) == ("deny", "view.use")

    def test_a_view_ends_with_its_camera(self, desk: Client, world: World, camera: str, until: Until) -> None:
        view = desk.look(camera_id=camera, kind="live").json()
        world.remove_camera(camera)
        until(lambda: camera not in desk.cameras(), "the camera to be gone")
        assert desk.get(view["playlist"]).status_code == 410

    def test_a_view_that_was_never_given_is_not_there(self, desk: Client) -> None:
        assert desk.get(f"/v1/views/view_{'a' * 24}/playlist.m3u8").status_code == 404
        assert desk.get("/v1/views/%00/playlist.m3u8").status_code == 404
