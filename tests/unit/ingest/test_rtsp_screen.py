"""What FFmpeg is told before a camera plays: all of it, but nothing that leads elsewhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.rtsp_screen import Redirected, Screen, Unscreenable

DIALOGUE = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n\r\n"
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n\r\n"
    b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 40\r\n\r\nv=0\r\ns=RTSP/RTP stream from IPNC\r\nt=0 0\r\n"
    b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
)
SETUP = b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP;unicast;%bclient_port=4-5;%bserver_port=6-7\r\n\r\n"
REDIRECT = b"RTSP/1.0 302 Moved\r\nLocation: rtsp://127.0.0.1/\r\n\r\n"


@given(st.lists(st.integers(1, len(DIALOGUE)), max_size=8))
def test_a_dialogue_passes_as_it_is_in_whatever_pieces_it_comes(cuts: list[int]) -> None:
    screen, ends = Screen("10.20.0.5"), sorted({0, len(DIALOGUE), *cuts})
    passed = b"".join(screen.passed(DIALOGUE[a:b]) for a, b in pairwise(ends))
    assert passed == DIALOGUE


@given(st.integers(1, len(REDIRECT) - 1))
def test_a_redirect_is_refused_before_it_is_whole(cut: int) -> None:
    screen = Screen("10.20.0.5")
    screen.passed(DIALOGUE)
    if b"302 " in REDIRECT[:cut]:
        with pytest.raises(Redirected):
            screen.passed(REDIRECT[:cut])
    else:
        screen.passed(REDIRECT[:cut])
        with pytest.raises(Redirected):
            screen.passed(REDIRECT[cut:])


@pytest.mark.parametrize(("before", "between"), [(b"", b""), (b"source=127.0.0.1;", b""), (b"", b"SOURCE=10.1.1.1;")])
@pytest.mark.parametrize("cut", range(30, 90, 7))
def test_datagrams_come_from_the_camera_and_nobody_else(before: bytes, between: bytes, cut: int) -> None:
    screen, said = Screen("10.20.0.5"), SETUP % (before, between)
    passed = screen.passed(said[:cut]) + screen.passed(said[cut:])
    assert passed.count(b"source=") == 1
    assert b";source=10.20.0.5;server_port=6-7\r\n" in passed


def test_a_line_that_ends_by_half_and_a_dialogue_without_end_are_refused() -> None:
    with pytest.raises(Unscreenable):
        Screen("10.20.0.5").passed(b"so\rurce=127.0.0.1;")
    with pytest.raises(Unscreenable):
        Screen("10.20.0.5").passed(b"x" * (1 << 20))
