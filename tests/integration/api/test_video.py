"""Live and recorded video over HLS, played by FFmpeg (PyAV) as any player would, from real fragments and recordings."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import av
import pytest

from vantage.contracts.recording import Gap
from vantage.fragment_digests import trailer_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.integration.api.conftest import Client, Clip, GatewayProcess, Until, World

SECOND = 1_000_000
FPS = 25
EPOCH = 1_790_000_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def frames(client: Client, playlist: str) -> Iterator[av.VideoFrame]:
    options = {"headers": f"Authorization: {client.headers['Authorization']}\r\n"}
    with av.open(client.address + playlist, options=options, timeout=20) as container:
        yield from container.decode(video=0)


def segments_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def below(playlist: str, name: str) -> str:
    return playlist.rsplit("/", 1)[0] + "/" + name


def number_of(text: str, tag: str) -> int:
    found = re.search(rf"^#{tag}:(\d+)$", text, re.MULTILINE)
    assert found, text
    return int(found[1])


class Camera:
    """Sends live seconds until told to stop."""

    def __init__(self, world: World, camera_id: str, clip: Clip) -> None:
        self._stop = threading.Event()
        start = now_us() - 6 * SECOND
        self._send: Callable[[Sequence[int]], object] = lambda numbers: world.live(
            camera_id, clip, start, EPOCH, numbers
        )
        self._send(range(6))
        self._thread = threading.Thread(target=self._run, args=(len(clip.fragments),))
        self._thread.start()

    def _run(self, count: int) -> None:
        for number in range(6, count):
            if self._stop.wait(0.5):
                return
            self._send([number])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


class TestLive:
    def test_a_player_goes_from_the_last_seconds_into_those_that_come(
        self, desk: Client, world: World, camera: str, clip: Clip, until: Until
    ) -> None:
        with Camera(world, camera, clip):
            view = desk.look(camera_id=camera, kind="live").json()
            until(lambda: desk.get(view["playlist"]).is_success, "the first fragments")
            shown = []
            for frame in frames(desk, view["playlist"]):
                shown.append((frame.width, frame.height))
                if len(shown) == 5 * FPS:  # more than the playlist had when it was opened
                    break
        assert set(shown) == {(320, 180)}

    def test_with_another_owner_the_playlist_begins_anew_and_the_old_one_is_not_heard(
        self, desk: Client, world: World, camera: str, clip: Clip, until: Until
    ) -> None:
        start = now_us() - 8 * SECOND
        world.live(camera, clip, start, EPOCH, [0, 1, 2])
        world.live(camera, clip, start, EPOCH + 1, [3, 4])
        world.live(camera, clip, start, EPOCH, [3, 4, 5])
        world.live(camera, clip, start, EPOCH + 1, [4, 5])  # the first of them once more: a replay
        view = desk.look(camera_id=camera, kind="live").json()
        text = until(lambda: whole(desk.get(view["playlist"]).text, 3), "the new owner's fragments")
        assert text.count("#EXT-X-MAP:") == 1
        assert number_of(text, "EXT-X-TARGETDURATION") == 1
        assert number_of(text, "EXT-X-DISCONTINUITY-SEQUENCE") == 1
        assert [desk.get(below(view["playlist"], name)).content for name in segments_of(text)] == [
            clip.fragments[number] for number in (3, 4, 5)
        ]

    def test_a_link_goes_on_over_a_kill_of_the_gateway(
        self, make_gateway: Callable[..., GatewayProcess], world: World, clip: Clip, until: Until
    ) -> None:
        camera = world.camera()
        gateway = make_gateway()
        gateway.start()
        client = gateway.client()
        start = now_us() - 5 * SECOND
        world.live(camera, clip, start, EPOCH, [0, 1, 2, 3])
        view = client.look(camera_id=camera, kind="live").json()
        before = until(lambda: whole(client.get(view["playlist"]).text, 4), "four fragments")
        gateway.kill9()
        gateway.start()
        world.live(camera, clip, start, EPOCH, [4])
        after = until(lambda: whole(client.get(view["playlist"]).text, 5), "the fragments of before, and a new one")
        assert segments_of(after)[:4] == segments_of(before)
        assert number_of(after, "EXT-X-MEDIA-SEQUENCE") == number_of(before, "EXT-X-MEDIA-SEQUENCE")
        assert client.get(below(view["playlist"], segments_of(after)[-1])).content == clip.fragments[4]
        gateway.stop()

    def test_a_camera_without_live_video_is_said_to_have_none(self, desk: Client, camera: str) -> None:
        view = desk.look(camera_id=camera, kind="live").json()
        answer = desk.get(view["playlist"])
        assert answer.status_code == 404
        assert "no live video" in answer.json()["detail"]


def whole(text: str, count: int) -> str:
    return text if len(segments_of(text)) >= count else ""


@pytest.fixture
def recorded(world: World, camera: str, clip: Clip) -> int:
    """Three seconds, a gap of two with its cause, three by two owners who overlap, and one more; its start."""
    start = now_us() // SECOND * SECOND - 3_600 * SECOND
    world.recording(camera, clip, start, EPOCH, [0, 1, 2])
    gap = Gap(start=start + 3 * SECOND, end=start + 5 * SECOND, cause="stream-stalled")
    world.recording(camera, clip, start, EPOCH, [5, 6, 7], gap)
    world.recording(camera, clip, start, EPOCH + 1, [7, 8])
    return start


class TestRecorded:
    def test_every_second_is_played_once_and_the_gap_is_told(self, desk: Client, camera: str, recorded: int) -> None:
        wish = {"camera_id": camera, "kind": "recorded", "from_us": recorded, "to_us": recorded + 9 * SECOND}
        view = desk.look(**wish).json()
        assert view["gaps"] == [
            {"from_us": recorded + 3 * SECOND, "to_us": recorded + 5 * SECOND, "cause": "stream-stalled"}
        ]
        text = desk.get(view["playlist"]).text
        assert len(segments_of(text)) == 7
        assert text.count("#EXT-X-DISCONTINUITY\n") == 2
        assert text.endswith("#EXT-X-ENDLIST\n")
        assert sum(1 for _ in frames(desk, view["playlist"])) == 7 * FPS

    def test_a_window_shows_its_own_seconds_only(self, desk: Client, camera: str, recorded: int, clip: Clip) -> None:
        window = {"from_us": recorded + SECOND, "to_us": recorded + 2 * SECOND}
        view = desk.look(camera_id=camera, kind="recorded", **window).json()
        answer = desk.get(view["playlist"])
        assert answer.headers["Cache-Control"] == "no-store"
        (name,) = segments_of(answer.text)
        assert desk.get(below(view["playlist"], name)).content == clip.fragments[1]
        others = [f"segments/{recorded}-{EPOCH}-{index}.m4s" for index in (0, 2, 99, 10**15)]
        assert {desk.get(below(view["playlist"], other)).status_code for other in others} == {404}
        assert desk.get(below(view["playlist"], "segments/../../x.m4s")).status_code == 404
        assert desk.get(below(view["playlist"], "init/x.mp4")).status_code == 404

    def test_nothing_recorded_is_one_gap_and_an_empty_hand(self, desk: Client, camera: str) -> None:
        view = desk.look(camera_id=camera, kind="recorded", from_us=1_000_000, to_us=3_000_000).json()
        assert view["gaps"] == [{"from_us": 1_000_000, "to_us": 3_000_000, "cause": "not-recorded"}]
        assert desk.get(view["playlist"]).status_code == 404

    @pytest.mark.parametrize(
        "window",
        [{}, {"from_us": 5}, {"from_us": 5, "to_us": 5}, {"from_us": 0, "to_us": 5 * 3_600 * SECOND}],
    )
    def test_a_window_that_cannot_be_is_refused(self, desk: Client, camera: str, window: dict[str, int]) -> None:
        answer = desk.look(camera_id=camera, kind="recorded", **window)
        assert answer.status_code == 422

    def test_bytes_that_are_not_those_that_were_announced_are_not_served(
        self, desk: Client, camera: str, recorded: int, world: World, clip: Clip
    ) -> None:
        view = desk.look(camera_id=camera, kind="recorded", from_us=recorded, to_us=recorded + SECOND).json()
        (name,) = segments_of(desk.get(view["playlist"]).text)
        key = f"hk1/{camera}/{recorded}-{EPOCH}.mp4"
        stored = world.store.get("footage", key)
        last = len(stored) - trailer_length(3) - 1
        world.store.put("footage", key, stored[:last] + bytes([stored[last] ^ 1]) + stored[last + 1 :])
        assert desk.get(below(view["playlist"], name)).status_code == 200  # the last second is damaged, not the first
        at = len(clip.init) + len(clip.fragments[0]) - 1
        world.store.put("footage", key, stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :])
        answer = desk.get(below(view["playlist"], name))
        assert answer.status_code == 503
        assert "damaged" in answer.json()["detail"]
        world.store.delete("footage", key)
        assert desk.get(below(view["playlist"], name)).status_code == 410

    def test_what_cannot_be_proved_is_not_served(self, desk: Client, camera: str, recorded: int, world: World) -> None:
        view = desk.look(camera_id=camera, kind="recorded", from_us=recorded, to_us=recorded + SECOND).json()
        (name,) = segments_of(desk.get(view["playlist"]).text)
        key = f"hk1/{camera}/{recorded}-{EPOCH}.mp4"
        stored = world.store.get("footage", key)
        world.store.put("footage", key, stored[:-1] + bytes([stored[-1] ^ 1]))
        assert desk.get(below(view["playlist"], name)).status_code == 503
        world.store.put("footage", key, stored)
        assert desk.get(below(view["playlist"], name)).status_code == 200


def test_video_needs_a_token_at_every_step(gateway: GatewayProcess, desk: Client, camera: str, recorded: int) -> None:
    view: Any = desk.look(camera_id=camera, kind="recorded", from_us=recorded, to_us=recorded + SECOND).json()
    nobody = gateway.client("")
    text = desk.get(view["playlist"]).text
    names = ["playlist.m3u8", *segments_of(text), f"init/{recorded}-{EPOCH}.mp4"]
    assert {nobody.get(below(view["playlist"], name)).status_code for name in names} == {401}
    assert {desk.get(below(view["playlist"], name)).status_code for name in names} == {200}
