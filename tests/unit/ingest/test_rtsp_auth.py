"""Proofs of a password, held to the examples of the standards."""

import base64
import re

import pytest

from vantage_ingest.domain.rtsp_auth import Authenticator, challenges
from vantage_ingest.domain.rtsp_message import BadMessage

NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_7616 = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%s, nonce="{NONCE_7616}", opaque="o"'


def proof(field: str, password: str, cnonce: str, url: str = "/dir/index.html", method: str = "GET") -> str:
    authenticator = Authenticator(f"Mufasa:{password}", lambda: cnonce)
    authenticator.meet(challenges([field])[0])
    return authenticator.field(method, url)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    field = proof(RFC_7616 % algorithm, "Circle of Life", CNONCE_7616)
    assert f'response="{response}"' in field
    assert f"algorithm={algorithm}, qop=auth, nc=00000001" in field
    assert 'opaque="o"' in field


def test_the_example_of_rfc_2617() -> None:
    field = 'Digest realm="testrealm@host.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    assert 'response="6629fae49393a05397450978507c4ef1"' in proof(field, "Circle Of Life", "0a4f113b")


def test_the_old_kind_has_neither_count_nor_nonce_of_ours() -> None:
    field = proof('Digest realm="IP Camera", nonce="abc"', "pw", "own", "rtsp://c/1", "DESCRIBE")
    assert not re.search("nc=|cnonce|qop|algorithm", field)


def test_a_session_key_is_made_of_both_nonces() -> None:
    field = proof('Digest realm="r", nonce="n", algorithm=MD5-sess, qop=auth', "pw", "own")
    assert "algorithm=MD5-sess" in field
    assert 'cnonce="own"' in field


def test_the_strongest_is_taken_and_basic_last() -> None:
    offered = ['Basic realm="a"', 'Digest realm="b", nonce="x"', 'Digest realm="b", nonce="y", algorithm=SHA-256']
    assert [one.nonce for one in challenges(offered)] == ["y", "x", ""]
    assert [one.nonce for one in challenges([", ".join(offered)])] == ["y", "x", ""]


def test_basic_is_answered_where_it_alone_is_offered() -> None:
    field = proof('Basic realm="old"', "pä:ss", "own")
    assert base64.b64decode(field.removeprefix("Basic ")).decode() == "Mufasa:pä:ss"


@pytest.mark.parametrize(
    "field", ["", "Bearer", "NTLM", "Digest", 'Digest realm="x"', 'Digest nonce="n", algorithm=TIGER', "Basi", "= = ="]
)
def test_what_is_not_understood_is_no_offer(field: str) -> None:
    assert challenges([field]) == []


def test_quotes_of_the_camera_stay_within_quotes() -> None:
    field = proof(r'Digest realm="a\"b, Basic realm=x", nonce="n\\"', "pw", "own")
    assert r'realm="a\"b, Basic realm=x"' in field
    assert r'nonce="n\\"' in field


def test_control_characters_are_no_demand() -> None:
    with pytest.raises(BadMessage):
        challenges(['Digest realm="a\x0bb", nonce="x"'])
