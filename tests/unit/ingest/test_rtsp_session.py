"""The dialogue with a camera, answer by answer."""

import pytest

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_transport import Offer

from .rtsp_camera import SDP, URL, Camera, answer, client, said

DIGEST = 'Digest realm="cam", nonce="one", algorithm=MD5, qop="auth"'
SECRET = "camera:s3cret-word"


def ended(camera: Camera) -> EndCause | None:
    end = camera.run().client.end
    assert end is None or "s3cret" not in f"{end!r} {end}"
    return end.cause if end else None


def test_it_sets_up_the_video_alone_and_plays() -> None:
    camera = Camera(client()).run()
    assert [one.method for one in camera.asked] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert camera.client.playing
    assert [one.url for one in camera.asked[2:]] == [URL + "/trackID=1", URL + "/"]
    assert camera.asked[3].fields["Session"] == "12345678"
    assert camera.client.timeout_s == 30
    assert camera.client.sets is not None
    assert camera.client.sets.complete


@pytest.mark.parametrize(
    ("control", "base", "wanted"),
    [
        ("trackID=1", "", URL + "/trackID=1"),
        ("/trackID=1", "rtsp://camera.example/other/", "rtsp://camera.example/other/trackID=1"),
        ("rtsp://10.0.0.1/elsewhere/1", "", "rtsp://10.0.0.1/elsewhere/1"),
        ("*", "", URL),
        ("trackID=1", "http://camera.example/", URL + "/trackID=1"),
    ],
)
def test_the_control_url_is_resolved_and_never_opened(control: str, base: str, wanted: str) -> None:
    described = answer(200, -1, SDP.replace("trackID=1", control), **({"Content_Base": base} if base else {}))
    assert Camera(client(), {"DESCRIBE": [described]}).run().asked[2].url == wanted


def test_a_url_with_a_query_keeps_it_before_the_track() -> None:
    url = "rtsp://camera.example/cam?channel=1&subtype=0"
    camera = Camera(client(url), {"DESCRIBE": [answer(200, -1, SDP)]}).run()
    assert camera.asked[2].url == url + "/trackID=1"


def test_user_and_password_of_a_url_are_never_sent() -> None:
    camera = Camera(client("rtsp://camera:s3cret-word@camera.example/live")).run()
    assert not any("s3cret" in one.url for one in camera.asked)


class TestPasswords:
    def test_they_are_proven_where_they_are_asked_for(self) -> None:
        camera = Camera(client(credential=SECRET), {"DESCRIBE": [answer(401, -1, WWW_Authenticate=DIGEST)]})
        camera.answers["DESCRIBE"] = [*camera.answers["DESCRIBE"], answer(200, -1, SDP)]
        assert ended(camera) is None
        assert [one.method for one in camera.asked] == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
        assert "Authorization" not in camera.asked[1].fields
        assert all('uri="' + one.url in one.fields["Authorization"] for one in camera.asked[2:])
        assert "nc=00000003" in camera.asked[4].fields["Authorization"]

    def test_a_second_demand_is_a_refusal(self) -> None:
        camera = Camera(client(credential=SECRET), {"DESCRIBE": [answer(401, -1, WWW_Authenticate=DIGEST)]})
        assert ended(camera) is EndCause.REFUSED
        assert len(camera.asked) == 3

    def test_a_second_demand_with_another_nonce_is_one_as_well(self) -> None:
        demands = [answer(401, -1, WWW_Authenticate=DIGEST.replace("one", f"n{number}")) for number in range(9)]
        camera = Camera(client(credential=SECRET), {"DESCRIBE": demands})
        assert ended(camera) is EndCause.REFUSED
        assert len(camera.asked) == 3

    def test_a_stale_nonce_is_renewed_but_not_for_ever(self) -> None:
        demands = [answer(401, -1, WWW_Authenticate=f"{DIGEST}, stale=true".replace("one", f"n{n}")) for n in range(9)]
        camera = Camera(client(credential=SECRET), {"DESCRIBE": [*demands[:2], answer(200, -1, SDP)]})
        assert ended(camera) is None
        assert ended(Camera(client(credential=SECRET), {"DESCRIBE": demands})) is EndCause.REFUSED

    def test_a_nonce_for_each_request_is_followed(self) -> None:
        demand = [answer(401, -1, WWW_Authenticate=DIGEST.replace("one", name)) for name in "abc"]
        setup = answer(200, -1, Transport="RTP/AVP/TCP;interleaved=0-1", Session="1")
        camera = Camera(client(credential=SECRET), {"DESCRIBE": [demand[0], answer(200, -1, SDP)]})
        camera.answers |= {"SETUP": [demand[1], setup], "PLAY": [demand[2], answer(200, -1)]}
        assert ended(camera) is None
        assert camera.client.playing

    @pytest.mark.parametrize(("credential", "demand"), [("", DIGEST), (SECRET, "NTLM"), (SECRET, "")])
    def test_what_cannot_be_proven_is_refused(self, credential: str, demand: str) -> None:
        camera = Camera(client(credential=credential), {"OPTIONS": [answer(401, -1, WWW_Authenticate=demand)]})
        assert ended(camera) is EndCause.REFUSED


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize("status", [300, 301, 302, 305, 399])
def test_nobody_is_followed(method: str, status: int) -> None:
    led = answer(status, -1, Location="rtsp://169.254.169.254/latest")
    camera = Camera(client(credential=SECRET), {method: [led]})
    assert ended(camera) is EndCause.REDIRECTED
    assert camera.asked[-1].method == method


@pytest.mark.parametrize(
    ("method", "status", "cause"),
    [
        ("OPTIONS", 405, None),
        ("OPTIONS", 501, None),
        ("DESCRIBE", 403, EndCause.REFUSED),
        ("DESCRIBE", 404, EndCause.NO_SUCH_STREAM),
        ("DESCRIBE", 503, EndCause.NOT_PLAYED),
        ("SETUP", 404, EndCause.NO_SUCH_STREAM),
        ("SETUP", 454, EndCause.NOT_PLAYED),
        ("SETUP", 461, EndCause.NOT_HANDLED),
        ("PLAY", 453, EndCause.NOT_PLAYED),
        ("PLAY", 455, EndCause.NOT_PLAYED),
        ("PLAY", 500, EndCause.NOT_PLAYED),
    ],
)
def test_every_no_has_its_cause(method: str, status: int, cause: EndCause | None) -> None:
    assert ended(Camera(client(), {method: [answer(status, -1)]})) is cause


@pytest.mark.parametrize(
    ("transport", "cause"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=4-5", None),
        ("RTP/AVP/TCP;unicast;interleaved=4", None),
        ("RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001", EndCause.NOT_HANDLED),
        ("RTP/AVP;multicast;destination=239.0.0.1", EndCause.NOT_HANDLED),
        ("RTP/AVP/TCP;unicast;interleaved=300-301", EndCause.MALFORMED),
        ("RTP/AVP/TCP;unicast;interleaved=0-0", EndCause.MALFORMED),
        ("RTP/AVP/TCP;unicast;interleaved=x", EndCause.MALFORMED),
    ],
)
def test_only_the_transport_that_was_asked_for_is_taken(transport: str, cause: EndCause | None) -> None:
    assert ended(Camera(client(), {"SETUP": [answer(200, -1, Transport=transport, Session="1")]})) is cause


def test_udp_is_asked_for_with_our_ports_and_taken_with_the_cameras() -> None:
    granted = answer(200, -1, Transport="RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6970", Session="1")
    camera = Camera(client(offer=Offer((5000, 5001))), {"SETUP": [granted]})
    assert ended(camera) is None
    assert camera.asked[2].fields["Transport"] == "RTP/AVP;unicast;client_port=5000-5001"
    assert camera.client.granted is not None
    assert camera.client.granted.ports == (6970, 6971)


@pytest.mark.parametrize(
    "broken",
    [
        answer(200, -1, Transport="RTP/AVP/TCP;interleaved=0-1", Session="1 2"),
        answer(200, -1, Transport="RTP/AVP/TCP;interleaved=0-1", Session="a\x7fb"),
    ],
)
def test_what_would_break_out_of_a_line_is_not_said_again(broken: bytes) -> None:
    assert ended(Camera(client(), {"SETUP": [broken]})) is EndCause.MALFORMED


class TestPlaying:
    @pytest.fixture
    def camera(self) -> Camera:
        return Camera(client()).run()

    def test_it_gives_signs_of_life_as_the_camera_knows_them(self, camera: Camera) -> None:
        sign = said(camera.client.keep_alive())
        assert (sign.method, sign.fields["Session"]) == ("GET_PARAMETER", "12345678")
        camera.hear(answer(501, sign.sequence))
        assert camera.client.end is None
        assert said(camera.client.keep_alive()).method == "OPTIONS"

    def test_one_that_sends_without_saying_that_it_plays_is_given_them_too(self) -> None:
        silent = client()
        camera = Camera(silent, {"PLAY": [b""]}).run()
        silent.plays()
        camera.hear(answer(200, said(silent.keep_alive()).sequence))
        assert silent.end is None

    def test_a_session_that_is_not_known_any_more_has_ended(self, camera: Camera) -> None:
        camera.hear(answer(454, said(camera.client.keep_alive()).sequence))
        assert camera.client.end is not None
        assert camera.client.end.cause is EndCause.ENDED

    def test_an_answer_to_something_else_is_passed_over(self, camera: Camera) -> None:
        camera.hear(answer(454, 3) + answer(100, None))
        assert camera.client.end is None

    @pytest.mark.parametrize(
        ("asked", "status"), [("OPTIONS", 200), ("SET_PARAMETER", 200), ("RECORD", 501), ("NONSENSE", 501)]
    )
    def test_the_cameras_own_questions_are_answered(self, camera: Camera, asked: str, status: int) -> None:
        camera.hear(f"{asked} {URL} RTSP/1.0\r\nCSeq: 9\r\n\r\n".encode())
        assert camera.client.outgoing.startswith(b"RTSP/1.0 %d " % status)
        assert b"\r\nCSeq: 9\r\n" in camera.client.outgoing

    @pytest.mark.parametrize(
        ("asked", "cause"),
        [("TEARDOWN", EndCause.ENDED), ("ANNOUNCE", EndCause.ENDED), ("REDIRECT", EndCause.REDIRECTED)],
    )
    def test_its_own_end_is_an_end(self, camera: Camera, asked: str, cause: EndCause) -> None:
        camera.hear(f"{asked} {URL} RTSP/1.0\r\nCSeq: 9\r\n\r\n".encode())
        assert camera.client.end is not None
        assert camera.client.end.cause is cause

    def test_it_says_goodbye(self, camera: Camera) -> None:
        assert said(camera.client.farewell()).method == "TEARDOWN"

    def test_without_a_session_there_is_nothing_to_say_goodbye_to(self) -> None:
        assert client().farewell() == b""
