"""Where a camera may be read from: RTSP alone, with a password that is in no message; and when it is tried again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts.camera import Source
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.domain.address import BadAddress, BadCredential, checked_name, checked_url, with_credential
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.ends import MEANINGS, EndCause
from vantage_ingest.errors import StreamEnded

URL = "rtsp://camera.example:554/stream?x=1"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://camera/1",
        "/etc/passwd",
        "concat:a|b",
        "rtsp:///only-a-path",
        "rtsp://camera:0/1",
        "rtsp://camera:99999/1",
        "rtsp://user@camera/1",
        "rtsp://user:s3cret@camera/1",
    ],
)
def test_whatever_is_not_a_plain_rtsp_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        checked_url(url)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("url", [URL, "rtsps://10.0.0.1/a", "rtsp://[::1]:8554/a"])
def test_a_plain_rtsp_address_is_taken(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "A", "a.b", "-a", "a\n", "a" * 49])
def test_a_credentials_name_cannot_lead_out_of_its_folder(name: str) -> None:
    with pytest.raises(BadCredential):
        checked_name(name)


def test_user_and_password_are_escaped() -> None:
    made = with_credential(URL, "ad:min:p@ss/w?rd#%\n")
    assert made == "rtsp://ad:min%3Ap%40ss%2Fw%3Frd%23%25@camera.example:554/stream?x=1"


@pytest.mark.parametrize("content", ["", "onlyuser", ":password", "\n"])
def test_a_credential_that_is_not_user_and_password_is_named_but_not_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "pier").write_text(content)
    with pytest.raises(StreamEnded) as ended:
        CredentialFolder(tmp_path).target(Source(url=URL, credential="pier"))
    assert ended.value.cause is EndCause.NO_CREDENTIAL
    assert "onlyuser" not in str(ended.value)


def test_the_credential_is_read_each_time(tmp_path: Path) -> None:
    folder, source = CredentialFolder(tmp_path), Source(url=URL, credential="pier")
    with pytest.raises(StreamEnded, match="cannot be read"):
        folder.target(source)
    for password in ("one", "two"):
        (tmp_path / "pier").write_text(f"user:{password}")
        target = folder.target(source)
        assert f":{password}@" in target.secret_url
        assert password not in repr(target)


def test_a_camera_without_a_credential_needs_no_folder() -> None:
    assert CredentialFolder(None).target(Source(url=URL)).secret_url == URL
    with pytest.raises(StreamEnded, match="VANTAGE_INGEST_CREDENTIALS is not set"):
        CredentialFolder(None).target(Source(url=URL, credential="pier"))


@pytest.mark.parametrize("cause", list(EndCause))
def test_each_cause_says_what_happened_and_what_to_do(cause: EndCause) -> None:
    meaning = MEANINGS[cause]
    assert meaning.happened
    assert meaning.remedy
    assert str(StreamEnded(cause, "detail")) == f"{meaning.happened} (detail)"


@given(st.floats(0.1, 5), st.floats(5, 100), st.floats(0, 1), st.integers(1, 60))
def test_waits_grow_to_the_longest_and_are_never_shortened_by_more_than_half(
    first: float, longest: float, chance: float, tries: int
) -> None:
    backoff = Backoff(first, longest, lambda: chance)
    waits = [backoff.next() for _ in range(tries)]
    assert waits == sorted(waits)
    assert all(first / 2 <= wait <= longest for wait in waits)
    backoff.reset()
    assert backoff.next() == waits[0]
    assert backoff.next(patient=True) >= longest / 2
