"""One suite for every reader, on real RTSP connections: what it hands over is what the camera sent, and each end has
its name.
"""

import hashlib
import io
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest

from vantage_ingest.domain.assembler import Assembler
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.nal import kind as nal_kind
from vantage_ingest.domain.stream import AccessUnit
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.control import Op, SentPicture

from .listening import Room

PICTURES = 60
CODECS = pytest.mark.parametrize("number", [1, 2], ids=["h264", "h265"])


ENDS: Sequence[tuple[Op, EndCause]] = [
    ("stall", EndCause.STALLED),
    ("drop", EndCause.ENDED),
    ("end", EndCause.ENDED),
    ("off", EndCause.ENDED),
]
UNDONE: Mapping[Op, Op] = {"stall": "resume", "off": "on", "hang": "unhang"}
Do = Callable[..., None]


@pytest.fixture
def do(cameras: VirtualCameras) -> Iterator[Do]:
    """Does something to a camera that is undone after the test."""
    done: set[tuple[int, Op]] = set()

    def act(number: int, op: Op, value: int = 0) -> None:
        cameras.control(number, op, value)
        done.add((number, op))

    yield act
    for number, op in done - {(number, op) for number, op in done if op in {"drop", "end", "babble", "jump"}}:
        cameras.control(number, UNDONE.get(op, op))


def hashes(unit: AccessUnit) -> list[str]:
    return [hashlib.sha256(nal).hexdigest() for nal in unit.nals]


def matched(units: Sequence[AccessUnit], sent: Sequence[SentPicture]) -> list[SentPicture]:
    """What was sent, picture for picture, as it was received: the same NAL units and the same distances in time."""
    for begin in range(len(sent) - len(units) + 1):
        pairs = list(zip(units, sent[begin:], strict=False))
        if all(hashes(unit) == picture.nals for unit, picture in pairs):
            return [picture for _, picture in pairs]
    msg = "what was received was not sent so"
    raise AssertionError(msg)


@CODECS
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_it_hands_over_what_was_sent(room: Room, cameras: VirtualCameras, do: Do, number: int, transport: str) -> None:
    do(number, "sei", 1)
    _, listener = room.open(cameras.url(number), cameras.credential, transport=transport)
    units = room.pictures(listener, PICTURES)[2:]  # FFmpeg makes up the first's time stamp
    sent = matched(units, cameras.sent(number))
    assert [unit.keyframe for unit in units] == [picture.keyframe for picture in sent]
    assert sum(unit.keyframe for unit in units) >= 2
    first, origin = units[0].pts, sent[0].rtp
    assert first is not None
    assert [(unit.pts or 0) - first for unit in units] == [(picture.rtp - origin) % 2**32 for picture in sent]
    assert listener.sets is not None
    assert listener.sets.codec == ("h264", "h265")[number - 1]
    assert listener.sets.complete


@CODECS
def test_sender_reports_give_the_cameras_time(room: Room, cameras: VirtualCameras, do: Do, number: int) -> None:
    do(number, "skew", 3_600_000)
    do(number, "sei", 1)
    _, listener = room.open(cameras.url(number), cameras.credential)
    room.until(lambda: listener.end or sum(u.captured_us is not None for u in listener.pictures) >= 20, "camera's time")
    units = listener.pictures[2:]
    pairs = zip(units, matched(units, cameras.sent(number)), strict=True)
    wrong = [unit.captured_us - sent.ntp_us for unit, sent in pairs if unit.captured_us is not None]
    assert max(map(abs, wrong)) < 5_000


@CODECS
def test_what_it_hands_over_decodes(room: Room, cameras: VirtualCameras, number: int) -> None:
    assembler = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
    _, listener = room.open(cameras.url(number), cameras.credential)
    units = room.pictures(listener, PICTURES)
    assert listener.sets is not None
    assembler.connect(listener.sets)
    cuts = [cut for unit in units if (cut := assembler.feed(unit)) is not None]
    assert cuts
    assert cuts[0].picture.codec.startswith(("avc1.", "hvc1.")[number - 1])
    with av.open(io.BytesIO(cuts[0].init + b"".join(cut.data for cut in cuts)), "r") as played:
        assert len(list(played.decode(video=0))) == sum(len(cut.frames) for cut in cuts)


def test_a_lost_packet_costs_no_more_than_its_pictures(kind: str, room: Room, cameras: VirtualCameras, do: Do) -> None:
    do(1, "loss", 20)
    connection, listener = room.open(cameras.url(1), cameras.credential)
    room.pictures(listener, PICTURES)
    if kind == "native":
        room.until(lambda: connection.lost_packets, "a packet that is missing")


@pytest.mark.parametrize(("op", "value"), [("truncate", 50), ("garbage", 50), ("unmarked", 1), ("slow", 40_000)])
def test_a_stream_that_is_broken_in_part_goes_on(
    room: Room, cameras: VirtualCameras, do: Do, op: Op, value: int
) -> None:
    do(1, op, value)
    _, listener = room.open(cameras.url(1), cameras.credential)
    room.pictures(listener, PICTURES)


def test_time_stamps_that_jump_are_passed_on(room: Room, cameras: VirtualCameras, do: Do) -> None:
    _, listener = room.open(cameras.url(1), cameras.credential)
    room.pictures(listener, 10)
    do(1, "jump", 10_000)

    def jumped() -> bool:
        steps = ((after.pts or 0) - (before.pts or 0) for before, after in pairwise(listener.pictures))
        return any(step > 9 * 90_000 for step in steps)

    room.until(lambda: listener.end or jumped(), "a step of ten seconds")
    assert listener.end is None


def test_another_codec_in_mid_stream_breaks_nothing(room: Room, cameras: VirtualCameras, do: Do) -> None:
    """Whether pictures are of the codec that was announced is for the assembler to see."""
    _, listener = room.open(cameras.url(1), cameras.credential)
    room.pictures(listener, 10)
    do(1, "codec", 2)
    room.turns(100)
    assert listener.cause in {None, EndCause.MALFORMED, EndCause.ENDED}


def test_a_wrong_password_is_refused_and_in_no_error(room: Room, cameras: VirtualCameras) -> None:
    _, listener = room.open(cameras.url(1), "camera:s3cret-word")
    error: BaseException | None = room.end(listener)
    assert listener.cause is EndCause.REFUSED
    while error is not None:
        assert "s3cret" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_no_password_where_one_is_asked_for_is_refused(room: Room, cameras: VirtualCameras) -> None:
    _, listener = room.open(cameras.url(1))
    assert room.end(listener).cause is EndCause.REFUSED


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("cam/9999", EndCause.NO_SUCH_STREAM),
        ("other/audio", EndCause.NOT_PLAYED),
        ("other/mjpeg", EndCause.UNSUPPORTED),
    ],
)
def test_what_cannot_be_played_is_named(room: Room, cameras: VirtualCameras, path: str, cause: EndCause) -> None:
    _, listener = room.open(cameras.path_url(path), cameras.credential)
    assert room.end(listener).cause is cause
    assert listener.sets is None


def test_a_camera_that_is_not_there_is_unreachable(room: Room) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        _, listener = room.open(f"rtsp://127.0.0.1:{nobody.getsockname()[1]}/x")
        assert room.end(listener).cause is EndCause.UNREACHABLE


def test_a_camera_that_hangs_is_given_up(room: Room, cameras: VirtualCameras, do: Do) -> None:
    do(3, "hang")
    _, listener = room.open(cameras.url(3), cameras.credential)
    assert room.end(listener).cause in {EndCause.SILENT, EndCause.UNREACHABLE}


@pytest.mark.parametrize(("transport", "op", "cause"), [(by, *end) for by in ("tcp", "udp") for end in ENDS])
def test_every_end_has_its_cause(
    room: Room, cameras: VirtualCameras, do: Do, *, transport: str, op: Op, cause: EndCause
) -> None:
    _, listener = room.open(cameras.url(3), cameras.credential, transport=transport)
    room.pictures(listener, 10)
    do(3, op)
    assert room.end(listener).cause is cause


def test_bytes_between_the_packets_are_malformed(kind: str, room: Room, cameras: VirtualCameras, do: Do) -> None:
    _, listener = room.open(cameras.url(3), cameras.credential)
    room.pictures(listener, 10)
    do(3, "babble", 3_000)
    if kind == "native":
        assert room.end(listener).cause is EndCause.MALFORMED
    else:  # FFmpeg looks for the next dollar sign, whatever it then finds
        room.until(lambda: listener.end or len(listener.pictures) > 50, "pictures or an end")


class TestCertificates:
    def test_one_that_nobody_knows_is_told_and_not_trusted(self, room: Room, cameras: VirtualCameras) -> None:
        _, listener = room.open(cameras.secure_url(1), cameras.credential)
        end = room.end(listener)
        assert end.cause is EndCause.UNTRUSTED
        assert cameras.certificate_sha256 in end.detail

    def test_one_that_is_pinned_is_trusted(self, room: Room, cameras: VirtualCameras) -> None:
        pin = cameras.certificate_sha256
        _, listener = room.open(cameras.secure_url(1), cameras.credential, certificate=pin)
        room.pictures(listener, PICTURES)

    def test_another_than_the_pinned_is_not_trusted(self, enter: Callable[..., Room], cameras: VirtualCameras) -> None:
        room = enter(cameras.certificate_pem)
        _, listener = room.open(cameras.secure_url(1), cameras.credential, certificate="ab" * 32)
        assert room.end(listener).cause is EndCause.UNTRUSTED

    def test_one_of_an_authority_is_trusted(self, enter: Callable[..., Room], cameras: VirtualCameras) -> None:
        _, listener = (room := enter(cameras.certificate_pem)).open(cameras.secure_url(2), cameras.credential)
        room.pictures(listener, PICTURES)

    def test_one_of_no_authority_is_told(self, enter: Callable[..., Room], cameras: VirtualCameras) -> None:
        room = enter(Path(__file__).with_name("stranger.pem"))
        _, listener = room.open(cameras.secure_url(2), cameras.credential)
        assert room.end(listener).cause is EndCause.UNTRUSTED
        assert cameras.certificate_sha256 in listener.end.detail if listener.end else False


class TestClosing:
    """After it nothing is told; `Room.leave` holds that for every test."""

    def test_at_once(self, room: Room, cameras: VirtualCameras) -> None:
        connection, listener = room.open(cameras.url(1), cameras.credential)
        connection.close()
        listener.closed = True
        connection.close()
        room.turns(50)

    @pytest.mark.parametrize("turns", range(1, 14, 2))
    def test_while_it_connects(self, room: Room, cameras: VirtualCameras, turns: int) -> None:
        connection, listener = room.open(cameras.url(1), cameras.credential)
        room.turns(turns)
        connection.close()
        listener.closed = True
        room.turns(50)

    def test_while_it_plays_ends_the_session_at_the_camera(self, room: Room, cameras: VirtualCameras) -> None:
        connection, listener = room.open(cameras.url(4), cameras.credential)
        room.pictures(listener, 5)
        assert cameras.stats()["cam/0004"].readers == 1
        connection.close()
        listener.closed = True
        room.until(lambda: cameras.stats()["cam/0004"].readers == 0, "a camera without readers")

    def test_by_the_sink_itself(self, room: Room, cameras: VirtualCameras) -> None:
        connection, listener = room.open(cameras.url(1), cameras.credential)
        take = listener.units

        def last(units: Sequence[AccessUnit]) -> None:
            take(units)
            connection.close()
            listener.closed = True

        listener.units = last  # type: ignore[method-assign]
        room.until(lambda: listener.closed, "pictures")
        room.turns(50)

    def test_after_its_end(self, room: Room, cameras: VirtualCameras) -> None:
        connection, listener = room.open(cameras.path_url("none"), cameras.credential)
        room.end(listener)
        connection.close()
        connection.close()


def test_a_changed_password_counts_at_the_next_connection(room: Room, cameras: VirtualCameras) -> None:
    before = cameras.credential
    _, playing = room.open(cameras.url(1), before)
    room.pictures(playing, 5)
    cameras.change_password()
    _, late = room.open(cameras.url(2), before)
    assert room.end(late).cause is EndCause.REFUSED
    _, fresh = room.open(cameras.url(2), cameras.credential)
    room.pictures(fresh, 5)
    room.pictures(playing, 5)


def test_only_the_video_is_ever_set_up(room: Room, cameras: VirtualCameras) -> None:
    _, listener = room.open(cameras.url(2), cameras.credential)
    units = room.pictures(listener, PICTURES)
    assert {nal_kind("h265", nal) for unit in units for nal in unit.nals} <= set(range(48))
