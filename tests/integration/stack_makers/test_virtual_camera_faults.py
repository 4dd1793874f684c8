"""Each fault of the virtual cameras is on the wire as `vantage_stack.cameras.control.Op` says."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from vantage_stack.cache import Cache
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import encode, source_clip, street_clip, sub_clip
from vantage_stack.cameras.control import SEI_IDENTITY, SentPicture
from vantage_stack.errors import PartFailed
from vantage_stack.part import Site

from .rtsp_client import GOODBYE, SENDER_REPORT, RtspClient, reported

DEADLINE_S = 30.0
TICKS_PER_MS = 90
HOUR_US = 3_600_000_000
FU_A, STAP_A, SPS, SEI = 28, 24, 7, 6


@pytest.fixture(scope="module")
def cameras(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualCameras]:
    h265 = tmp_path_factory.mktemp("clips") / "h265.mp4"
    encode(source_clip(), h265, codec="libx265", frames=50)
    clips = [street_clip(Cache(), lambda _: None), sub_clip(Cache(), lambda _: None), h265]
    part = VirtualCameras(site, count=12, clips=[*clips[:2] * 5, *clips[2:], clips[0]])
    part.start()
    yield part
    part.stop()


def play(cameras: VirtualCameras, number: int) -> RtspClient:
    return RtspClient(cameras.url(number), cameras.credential)


def packets(client: RtspClient, count: int) -> list[bytes]:
    """The next RTP packets."""
    return list(islice((packet for channel, packet in client.frames() if channel == 0), count))


def stamp(packet: bytes) -> int:
    return int.from_bytes(packet[4:8])


def nal_units(packets: list[bytes]) -> list[bytes]:
    """The whole NAL units of H.264 packets, in their order."""
    units: list[bytes] = []
    part = b""
    for payload in (packet[12:] for packet in packets):
        kind = payload[0] & 0x1F
        if kind == FU_A:
            begins, ends = payload[1] & 0x80, payload[1] & 0x40
            part = bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:] if begins else part + payload[2:]
            units += [part] if ends else []
        elif kind == STAP_A:
            units += list(aggregated(payload[1:]))
        else:
            units.append(payload)
    return units


def aggregated(payload: bytes) -> Iterator[bytes]:
    while payload:
        end = 2 + int.from_bytes(payload[:2])
        yield payload[2:end]
        payload = payload[end:]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come"
        time.sleep(0.05)


def sent_then(cameras: VirtualCameras, number: int, seen: Callable[[list[SentPicture]], bool]) -> list[SentPicture]:
    """What was sent, once it is as wished."""
    until(lambda: seen(cameras.sent(number)))
    return cameras.sent(number)


def steps(pictures: list[SentPicture]) -> list[int]:
    """From each time stamp to the next, in ticks, as signed numbers of 32 bits."""
    return [(after.rtp - before.rtp + 2**31) % 2**32 - 2**31 for before, after in pairwise(pictures)]


def test_what_was_sent_is_told_to_the_last_nal_unit(cameras: VirtualCameras) -> None:
    with play(cameras, 1) as client:
        arrived = packets(client, 400)
    units = [hashlib.sha256(unit).hexdigest() for unit in nal_units(arrived)]
    told = cameras.sent(1)
    assert [unit for picture in told for unit in picture.nals][: len(units)] == units
    assert all(picture.whole for picture in told[:10])
    assert (
        list(dict.fromkeys(stamp(packet) for packet in arrived))
        == [picture.rtp for picture in told][: len({stamp(packet) for packet in arrived})]
    )
    assert {step - 3_600 for step in steps(told)} <= {-1, 0, 1}


def test_sender_reports_give_the_time_of_the_pictures(cameras: VirtualCameras) -> None:
    with play(cameras, 2) as client:
        time_stamp, shown_us = reported(next(client.control(SENDER_REPORT)))
    [picture] = [picture for picture in cameras.sent(2) if picture.rtp == time_stamp]
    assert abs(picture.ntp_us - shown_us) <= 1


@pytest.mark.parametrize("ahead_ms", [3_600_000, -3_600_000])
def test_a_clock_that_is_set_moves_the_reports_and_not_the_time_stamps(cameras: VirtualCameras, ahead_ms: int) -> None:
    cameras.control(3, "skew", ahead_ms)
    with play(cameras, 3) as client:
        reports = client.control(SENDER_REPORT)
        before = reported(next(reports))
        cameras.control(3, "skew", 0)
        after = reported(next(reports))
    moved_us = (after[1] - before[1]) - (after[0] - before[0]) % 2**32 * 1_000 / TICKS_PER_MS
    assert moved_us == pytest.approx(-1_000 * ahead_ms, abs=1_000)


def test_a_second_stream_is_smaller_and_by_the_same_clock(cameras: VirtualCameras) -> None:
    cameras.control(4, "skew", 3_600_000)
    with RtspClient(cameras.sub_url(4), cameras.credential) as client:
        _, shown_us = reported(next(client.control(SENDER_REPORT)))
    cameras.control(4, "skew", 0)
    assert shown_us - time.time_ns() / 1_000 == pytest.approx(HOUR_US, abs=HOUR_US / 10)
    with play(cameras, 4) as main, RtspClient(cameras.sub_url(4), cameras.credential) as sub:
        assert main.description != sub.description


def test_a_clock_that_drifts_takes_its_time_stamps_along(cameras: VirtualCameras) -> None:
    with play(cameras, 5) as client:
        cameras.control(5, "drift", 500_000)
        packets(client, 200)
    pictures = sent_then(cameras, 5, lambda sent: len(sent) > 10)[-5:]
    assert {step - 5_400 for step in steps(pictures)} <= {-1, 0, 1}
    assert pictures[-1].ntp_us - pictures[-2].ntp_us == pytest.approx(60_000, abs=2)
    cameras.control(5, "drift", 0)


@pytest.mark.parametrize("jump_ms", [20_000, -20_000])
def test_time_stamps_that_jump_do_so_once(cameras: VirtualCameras, jump_ms: int) -> None:
    with play(cameras, 6) as client:
        cameras.control(6, "jump", 0)
        packets(client, 50)
        known = len(cameras.sent(6))
        cameras.control(6, "jump", jump_ms)
        packets(client, 100)
    steps_since = steps(cameras.sent(6)[known - 1 :])
    assert [step for step in steps_since if abs(step) > 100_000] == [
        pytest.approx(jump_ms * TICKS_PER_MS + 3_600, abs=1)
    ]


def test_time_stamps_that_repeat_go_on_where_time_is_by_then(cameras: VirtualCameras) -> None:
    with play(cameras, 7) as client:
        packets(client, 20)
        cameras.control(7, "repeat", 5)
        packets(client, 100)
    told = steps(cameras.sent(7))
    assert [step for step in told if step not in (3_599, 3_600, 3_601)] == [0] * 5 + [pytest.approx(6 * 3_600, abs=1)]


def test_sei_units_are_numbered(cameras: VirtualCameras) -> None:
    with play(cameras, 8) as client:
        cameras.control(8, "sei", 1)
        units = nal_units(packets(client, 200))
    cameras.control(8, "sei", 0)
    numbers = [
        int(unit[3 + len(SEI_IDENTITY) : -1])
        for unit in units
        if unit[0] & 0x1F == SEI and unit[3:].startswith(SEI_IDENTITY)
    ]
    assert len(numbers) > 10
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    told = {unit for picture in cameras.sent(8) for unit in picture.nals}
    assert {hashlib.sha256(unit).hexdigest() for unit in units} <= told


def test_lost_cut_and_senseless_packets_are_told(cameras: VirtualCameras) -> None:
    with play(cameras, 9) as client:
        cameras.control(9, "garbage", 1000)
        whole = packets(client, 300)
        cameras.control(9, "garbage", 0)
        assert sum(packet[12] & 0x80 for packet in whole[150:] if len(packet) > 12) > 0
        cameras.control(9, "loss", 200)
        numbers = [int.from_bytes(packet[2:4]) for packet in packets(client, 300)]
        cameras.control(9, "loss", 0)
        assert {(after - before) % 2**16 for before, after in pairwise(numbers)} > {1, 2}
        cameras.control(9, "truncate", 1000)
        packets(client, 200)
        assert {packet[1] & 0x7F for packet in packets(client, 50)} == {96}
        cameras.control(9, "truncate", 0)
    assert not all(picture.whole for picture in cameras.sent(9))


def test_a_stream_without_markers_has_none(cameras: VirtualCameras) -> None:
    cameras.control(9, "unmarked", 1)
    with play(cameras, 9) as client:
        assert not any(packet[1] & 0x80 for packet in packets(client, 100))
    cameras.control(9, "unmarked", 0)
    with play(cameras, 9) as client:
        assert any(packet[1] & 0x80 for packet in packets(client, 100))


def first_other_sps(client: RtspClient, than: bytes) -> bytes:
    """The first sequence parameter set in the stream that is not the one given."""
    units = (unit for channel, packet in client.frames() if channel == 0 for unit in nal_units([packet]))
    return next(unit for unit in units if unit[0] & 0x1F == SPS and unit != than)


def announced_sps(client: RtspClient) -> bytes:
    [encoded] = re.findall("sprop-parameter-sets=([^,]+),", client.description)
    return base64.b64decode(encoded)


def test_another_clip_in_mid_stream_has_other_parameter_sets(cameras: VirtualCameras) -> None:
    with play(cameras, 10) as client:
        own = announced_sps(client)
        cameras.control(10, "codec", 1)
        other = first_other_sps(client, own)
        with play(cameras, 10) as late:
            assert announced_sps(late) == other
        cameras.control(10, "codec", -1)
        assert first_other_sps(client, other) == own[:5] + b"\x80"
    cameras.control(10, "codec", 0)


def test_another_clip_may_be_of_the_other_codec(cameras: VirtualCameras) -> None:
    cameras.control(10, "codec", 11)
    with play(cameras, 10) as client:
        assert "H265/90000" in client.description
    cameras.control(10, "codec", 0)
    with pytest.raises(PartFailed, match="the number of a clip"):
        cameras.control(10, "codec", 99)


def test_a_plain_end_is_said_before_the_connection_goes(cameras: VirtualCameras) -> None:
    with play(cameras, 11) as client:
        packets(client, 10)
        cameras.control(11, "end")
        assert len(list(client.control(GOODBYE))) == 1
    with play(cameras, 11) as client:
        assert packets(client, 10)


def test_a_stalled_camera_still_reports(cameras: VirtualCameras) -> None:
    cameras.control(12, "stall")
    with play(cameras, 12) as client:
        channels = [channel for channel, _ in islice(client.frames(), 2)]
        assert channels == [1, 1]
    cameras.control(12, "resume")


def test_a_slow_connection_falls_behind(cameras: VirtualCameras) -> None:
    cameras.control(12, "slow", 2_000)
    with play(cameras, 12) as client:
        before = cameras.stats()["cam/0012"].sent
        client.take(4_000)
        assert cameras.stats()["cam/0012"].sent > before + 10
    cameras.control(12, "slow", 0)
    with play(cameras, 12) as client:
        assert packets(client, 50)


def test_bytes_between_the_frames_are_of_no_frame(cameras: VirtualCameras) -> None:
    with play(cameras, 12) as client:
        packets(client, 5)
        cameras.control(12, "babble", 10_000)
        with pytest.raises(AssertionError, match="the interleaving is broken"):
            packets(client, 10_000)


def test_a_changed_password_is_asked_of_new_sessions_only(cameras: VirtualCameras) -> None:
    with play(cameras, 12) as client:
        old = cameras.credential
        assert cameras.change_password() != old
        assert packets(client, 50)
        with pytest.raises(AssertionError):
            RtspClient(cameras.url(12), old).take(1)
        with play(cameras, 12) as new:
            assert packets(new, 5)


def test_cameras_are_served_over_tls_with_a_certificate_of_their_own(cameras: VirtualCameras) -> None:
    trusted = str(cameras.certificate_pem)
    with RtspClient(cameras.secure_url(1), cameras.credential, trusted=trusted) as client:
        assert packets(client, 50)
    assert re.fullmatch("[0-9a-f]{64}", cameras.certificate_sha256)
    before = cameras.certificate_sha256
    cameras.stop()
    cameras.start()
    assert cameras.certificate_sha256 == before


def test_old_cameras_ask_for_the_password_in_the_clear(site: Site, tmp_path: Path) -> None:
    part = VirtualCameras(Site(tmp_path, tmp_path / "log", site.ports, site.cache), count=1, basic=True)
    part.start()
    try:
        with pytest.raises(AssertionError, match="401"), RtspClient(part.url(1), part.credential):
            pass
        assert urlsplit(part.url(1)).scheme == "rtsp"
    finally:
        part.stop()
