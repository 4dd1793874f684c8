"""What cameras announce."""

import pytest

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.sdp import video
from vantage_ingest.errors import StreamEnded

from .rtsp_camera import SDP

H265 = """v=0
m=video 0 RTP/AVP 98
a=rtpmap:98 H265/90000
a=fmtp:98 sprop-vps=QAEMAf//; sprop-sps=QgEBAWAAAA==;sprop-pps=RAHAcw==
a=control:rtsp://10.0.0.9/x/trackID=0
"""


def test_the_video_is_found_behind_the_sound() -> None:
    found = video(SDP.replace("\n", "\r\n").encode())
    assert (found.codec, found.payload_type, found.control, found.aggregate) == ("h264", 96, "trackID=1", "*")
    assert [len(found.sets.sps), len(found.sets.pps)] == [1, 1]
    assert found.parameters["packetization-mode"] == "1"


def test_h265_has_three_kinds_of_sets() -> None:
    found = video(H265.encode())
    assert found.codec == "h265"
    assert found.sets.complete
    assert found.control.startswith("rtsp://10.0.0.9/")


@pytest.mark.parametrize("sets", ["", "%%%", "Z0LAHg", "A===,,B"])
def test_broken_sets_are_none_for_they_come_in_the_stream_as_well(sets: str) -> None:
    text = SDP.replace("Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==", sets)
    assert not video(text.encode()).sets.complete


def test_a_video_of_another_codec_is_passed_over() -> None:
    text = SDP.replace("m=video 0 RTP/AVP 96", "m=video 0 RTP/AVP 26\na=control:jpeg\nm=video 0 RTP/AVP 35 96")
    assert video(text.encode()).control == "trackID=1"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", EndCause.MALFORMED),
        ("<html>", EndCause.MALFORMED),
        ("v=0\n" + "m=video 0 RTP/AVP 96\n" * 40, EndCause.MALFORMED),
        ("v=0\nm=audio 0 RTP/AVP 0", EndCause.NOT_PLAYED),
        ("v=0\nm=", EndCause.NOT_PLAYED),
        ("v=0\nm=video", EndCause.UNSUPPORTED),
        ("v=0\nm=video 0 RTP/AVP 26", EndCause.UNSUPPORTED),
        (SDP.replace("H264", "VP9"), EndCause.UNSUPPORTED),
        (SDP.replace("m=video 0 RTP/AVP", "m=video 0 RTP/SAVP"), EndCause.NOT_HANDLED),
    ],
)
def test_what_cannot_be_read_has_its_cause(text: str, cause: EndCause) -> None:
    with pytest.raises(StreamEnded) as ended:
        video(text.encode())
    assert ended.value.cause is cause


def test_the_name_of_a_codec_is_short_and_plain() -> None:
    for name in ("X" * 5000, "\x07\x1b[31m"):
        with pytest.raises(StreamEnded) as ended:
            video(SDP.replace("H264", name).encode())
        assert len(ended.value.detail) < 90
        assert ended.value.detail.isprintable()
