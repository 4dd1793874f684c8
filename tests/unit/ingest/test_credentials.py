"""A camera's password: by a name that leads nowhere else, read anew each time, and shown to nobody."""

from pathlib import Path

import pytest

from vantage.contracts.camera import Source
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.domain.credential import BadCredential, checked_name
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

URL, SUB = "rtsp://camera.example:554/stream?x=1", "rtsp://camera.example:554/small"
PIER = Source(url=URL, sub_url=SUB, credential="pier", transport="udp", certificate="a" * 64)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "A", "a.b", "-a", "a\n", "a" * 49])
def test_a_name_cannot_lead_out_of_its_folder(name: str) -> None:
    with pytest.raises(BadCredential):
        checked_name(name)


def test_it_is_read_each_time_and_goes_beside_the_url(tmp_path: Path) -> None:
    folder = CredentialFolder(tmp_path)
    with pytest.raises(StreamEnded, match="cannot be read"):
        folder.target(PIER)
    for password in ("one", "t:w/o@%"):
        (tmp_path / "pier").write_text(f"user:{password}\r\n")
        target = folder.target(PIER)
        assert target.credential == f"user:{password}"
        assert (target.url, target.transport, target.certificate) == (URL, "udp", "a" * 64)
        assert password not in repr(target)
        assert folder.target(PIER, "sub").url == SUB


def test_a_swap_of_the_mounted_folder_is_seen(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "pier").write_text(f"user:{version}")
        (tmp_path / "next").symlink_to(version)
        (tmp_path / "next").replace(tmp_path / "..data")
        if version == "1":
            (tmp_path / "pier").symlink_to("..data/pier")
        assert CredentialFolder(tmp_path).target(PIER).credential == f"user:{version}"


@pytest.mark.parametrize(
    "content", ["", "onlyuser", ":password", "\n", "onlyuser:a\r\nX: y", "onlyuser:\0", "onlyuser:" + "x" * 2000]
)
def test_what_is_no_user_and_password_is_named_but_not_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "pier").write_text(content)
    with pytest.raises(StreamEnded) as ended:
        CredentialFolder(tmp_path).target(PIER)
    assert ended.value.cause is EndCause.NO_CREDENTIAL
    assert "onlyuser" not in str(ended.value)


def test_a_camera_without_one_needs_no_folder() -> None:
    assert CredentialFolder(None).target(Source(url=URL)).credential == ""
    with pytest.raises(StreamEnded, match="VANTAGE_INGEST_CREDENTIALS is not set"):
        CredentialFolder(None).target(PIER)


@pytest.mark.parametrize("url", ["rtsp://root:s3cret@camera/1", "http://camera/1", "rtsp://camera/#x"])
def test_a_bad_address_ends_before_the_password_is_read(tmp_path: Path, url: str) -> None:
    with pytest.raises(StreamEnded) as ended:
        CredentialFolder(tmp_path).target(Source(url=url, credential="pier"))
    assert ended.value.cause is EndCause.BAD_ADDRESS
    assert "s3cret" not in str(ended.value)
