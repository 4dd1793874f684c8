"""An address where no camera stands is told by line and field, and published never; see also the corpus of ingest."""

from vantage.camera_networks import CameraNetworks, networks
from vantage_scheme.adapters.document import parse_document
from vantage_scheme.domain.problem import Problem, shown
from vantage_scheme.domain.reading import read_cameras

CAMERAS = CameraNetworks(networks("10.20.0.0/16"))
FILE = """\
cameras:
  - id: pier
    name: The pier
    source:
      url: "{url}"
      sub_url: "{sub}"
    place: {{latitude: 22.1, longitude: 113.5}}
"""


def problems(url: str = "rtsp://10.20.0.5/x", sub: str = "rtsp://10.20.0.5/y", *, known: bool = True) -> list[Problem]:
    document = parse_document("cameras.yaml", FILE.format(url=url, sub=sub))
    return read_cameras(document, CAMERAS if known else None)[1]


def test_an_address_in_the_networks_is_taken() -> None:
    assert problems() == []
    assert problems("rtsp://pier.cameras.example/x") == []


def test_each_of_both_addresses_is_told_with_line_value_and_remedy() -> None:
    (main,) = problems("rtsp://10.21.0.5/x")
    (sub,) = problems(sub="rtsp://169.254.169.254/x")
    assert (main.line, main.field) == (5, "cameras[0] (pier) source.url")
    assert (sub.line, sub.field) == (6, "cameras[0] (pier) source.sub_url")
    assert "10.21.0.5 is in no network for cameras; correct it, or add its network to" in str(main)
    assert "is a cloud's metadata service" in str(sub)


def test_without_the_setting_the_form_alone_is_looked_at() -> None:
    assert problems("rtsp://127.0.0.1:8554/x", known=False) == []
    assert "usual form" in str(problems("rtsp://127.1/x", known=False)[0])


def test_no_password_is_shown_however_badly_the_address_is_written() -> None:
    for url in (
        "rtsp://root:hush@10.20.0.5/x",
        "rtsp:/root:hush@10.20.0.5/x",
        "root:hush@10.20.0.5",
        "rtsp://root:a/hush@10.20.0.5/x",
        "rtsp://10.20.0.5/x?user=root&password=hush",
        "rtsp://10.20.0.5/user=root_password=hush_channel=1",
        "http://10.20.0.5/x?pwd=hush",
    ):
        (problem,) = problems(url)
        assert "hush" not in str(problem)
        assert "hush" not in shown(url)
