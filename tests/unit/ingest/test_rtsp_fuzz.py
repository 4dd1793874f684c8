"""Ten thousand spoilt dialogues, the same ones each time: an end with a name or pictures, and nothing else."""

import random
import sys

from vantage_ingest.domain.rtsp_client import RtspClient
from vantage_ingest.domain.rtsp_message import BODY_LIMIT, HEADER_LIMIT
from vantage_ingest.domain.rtsp_wire import MOST_MESSAGES

from .conftest import coded
from .rtp_camera import packet, packets
from .rtsp_camera import NOW_US, SDP, Camera, answer, client
from .test_rtsp_wire import frame

ROUNDS = 10_000
REPORT = bytes.fromhex("80c80006decafbade8d4a51100000000000017700000000a00001000")
DIGEST = 'Digest realm="cam", nonce="one", algorithm=MD5, qop="auth"'
WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"$",
    b"RTSP/1.0 302 Go\r\n",
    b"Content-Length: 9999\r\n",
    b"CSeq: 3\r\n",
    b"\x00",
    b"\xff" * 8,
)


def dialogue(chance: random.Random) -> list[bytes]:
    """Everything that a camera says, in the pieces in which it says it."""
    pictures = [unit.nals for unit in coded("h264", frames=6, gop=3)]
    made = packets("h264", pictures, chance)
    return [
        answer(401, 1, WWW_Authenticate=DIGEST),
        answer(200, 2, Public="OPTIONS, GET_PARAMETER"),
        answer(200, 3, SDP, Content_Base="rtsp://camera.example/live/"),
        answer(200, 4, Transport="RTP/AVP/TCP;unicast;interleaved=0-1", Session="12;timeout=60"),
        answer(200, 5, Session="12", RTP_Info="url=x;seq=1;rtptime=2"),
        *(frame(0, one) for one in made[: len(made) // 2]),
        frame(1, REPORT),
        b"OPTIONS rtsp://camera.example/live RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        *(frame(0, one) for one in made[len(made) // 2 :]),
        frame(0, packet(b"\x09\xf0", 1, 1)),
    ]


def spoilt(data: bytes, chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(5):
            case 0 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                del made[at : at + chance.choice((1, 4, 100))]
            case 2:
                made[at:at] = chance.choice(WORDS)
            case 3:
                made[at:at] = made[at : at + chance.randint(1, 60)]
            case _:
                made[at:at] = chance.randbytes(chance.randint(1, 12))
    return bytes(made)


def fed(reader: RtspClient, pieces: list[bytes]) -> int:
    """How many pictures came. Holds what is kept to its bounds after each read."""
    pictures = 0
    for piece in pieces:
        pictures += len(reader.take(reader.rest + piece, NOW_US))
        assert len(reader.rest) <= max(65_539, HEADER_LIMIT + BODY_LIMIT) + len(piece)
        assert len(reader.outgoing) <= MOST_MESSAGES * (HEADER_LIMIT + 100)
        reader.outgoing = b""
        if reader.end is not None:
            break
    return pictures


def test_a_whole_dialogue_gives_all_pictures() -> None:
    chance = random.Random(0)  # noqa: S311  # chance is to repeat here
    reader = client(credential="camera:s3cret-word")
    assert fed(reader, dialogue(chance)) >= 5
    assert reader.end is None
    assert reader.playing


def test_spoilt_dialogues_end_with_a_name_or_go_on() -> None:
    causes: dict[str, int] = {}
    pictures = 0
    for seed in range(ROUNDS):
        chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
        pieces = dialogue(random.Random(seed % 50))  # noqa: S311
        for at in chance.sample(range(len(pieces)), chance.choice((1, 2, 5))):
            pieces[at] = spoilt(pieces[at], chance)
        reader = client(credential="camera:s3cret-word")
        pictures += fed(reader, pieces)
        cause = reader.end.cause.value if reader.end else "none"
        assert reader.end is None or (str(reader.end).isprintable() and "s3cret" not in str(reader.end))
        causes[cause] = causes.get(cause, 0) + 1
    assert pictures > ROUNDS
    assert len(causes) >= 6
    assert "failed" not in causes


def test_a_camera_that_trickles_costs_no_more_than_its_bytes() -> None:
    """Each byte is looked at a bounded number of times: a slow header is not parsed anew from its begin for ever."""
    camera = Camera(client()).run()
    data = answer(200, 99, "x" * 1000) + frame(0, bytes(3000))
    for at in range(len(data)):
        camera.hear(data[at : at + 1])
    assert camera.client.end is None
    assert camera.client.rest == b""
    assert sys.getsizeof(camera.client.outgoing) < 1000
