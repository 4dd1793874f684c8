"""A whole thread with encryption at rest: cameras at one end, a player at the other, and a custodian that is away.

The tests run in their order on one running thread.
"""

from collections.abc import Iterator, Sequence

import httpx
import pytest

from vantage.client import Gateway
from vantage.clock import SystemClock
from vantage.contracts import AuditRecord
from vantage.errors import StoreRefused
from vantage.objects import ObjectInfo, S3ObjectStore
from vantage.objects.http_keyring import HttpKeyring
from vantage_stack.control_room import gateway_of
from vantage_stack.playback import play
from vantage_stack.thread import Thread, thread

from .conftest import Eventually, read_audit

pytestmark = pytest.mark.slow

CAMERA = "hk1.crossing-1"
SETTINGS = {"VANTAGE_INGEST_RECORDING_SECONDS": "10", "VANTAGE_KEYS_FRESH_SECONDS": "2"}


@pytest.fixture(scope="module")
def running() -> Iterator[Thread]:
    with thread("at-rest", 1, encrypted=True, settings=SETTINGS) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(running: Thread) -> Iterator[Gateway]:
    with gateway_of(running.stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def administrator(running: Thread) -> S3ObjectStore:
    return running.stack.store.access.open()


@pytest.fixture(scope="module")
def since() -> int:
    return SystemClock().now_us()


def recordings(store: S3ObjectStore) -> Sequence[ObjectInfo]:
    return list(store.list("footage", CAMERA.replace(".", "/", 1)))


def look(gateway: Gateway, from_us: int, to_us: int) -> tuple[str, bool]:
    """The playlist of a time, and whether all of it is there."""
    view = gateway.look(CAMERA, "recorded", "crime-detection", case="REST", from_us=from_us, to_us=to_us)
    return view.playlist, not view.answer["gaps"]


class TestTheThread:
    def test_shows_live_and_recorded_video(self, gateway: Gateway, eventually: Eventually, since: int) -> None:
        live = gateway.look(CAMERA, "live", "crowd-management").playlist
        assert play(gateway, live, most_frames=50).frames == 50
        begin, end = since + 5_000_000, since + 13_000_000
        eventually("a recording without a gap", lambda: look(gateway, begin, end)[1])
        assert play(gateway, look(gateway, begin, end)[0]).frames >= 8 * 25

    def test_keeps_nothing_that_the_store_s_administrator_can_read(
        self, running: Thread, administrator: S3ObjectStore
    ) -> None:
        found = [("footage", one.key) for one in recordings(administrator)]
        found += [("live", one.key) for one in list(administrator.list("live"))[-20:]]
        assert {bucket for bucket, _ in found} == {"footage", "live"}
        for bucket, key in found:
            with pytest.raises(StoreRefused):
                administrator.get(bucket, key)
        assert running.stack.custody is not None
        token, ca = running.stack.custody.tokens["storage"], running.stack.custody.authority.ca
        reader = running.stack.store.access.open(HttpKeyring(running.stack.custody.url, token, ca=ca, fresh_s=60))
        plain = reader.get("footage", found[0][1])
        needles = [plain[:64], plain[len(plain) // 2 : len(plain) // 2 + 64], plain[-64:]]
        for file in running.stack.store.data.rglob("*"):
            content = file.read_bytes() if file.is_file() else b""
            assert not any(needle in content for needle in needles), file

    def test_says_on_the_audit_log_who_used_which_key(self, running: Thread) -> None:
        uses = {(one.actor, one.resource.partition("-")[0]) for one in self.uses(running)}
        assert uses >= {("ingest", "footage"), ("ingest", "live"), ("detect", "live"), ("api", "footage")}

    @staticmethod
    def uses(running: Thread) -> list[AuditRecord]:
        records = read_audit(running.stack.kafka.bootstrap)
        return [one for one in records if (one.action, one.decision) == ("key.use", "allow")]


@pytest.fixture(scope="module")
def away(running: Thread) -> int:
    """Stop the custodian, and start ingest anew, so that nobody has a key; when that was (UTC microseconds)."""
    running.services.stop("keys")
    running.services.kill9("ingest")
    return SystemClock().now_us()


class TestWithoutTheCustodian:
    """Recording fails open: it waits in the spool. Access fails closed."""

    def test_ingest_records_into_its_spool(
        self, running: Thread, administrator: S3ObjectStore, eventually: Eventually, away: int
    ) -> None:
        assert away
        eventually("recordings wait in the spool", lambda: waiting(running) >= 2)
        before = [one.key for one in recordings(administrator)]
        eventually("another one waits", lambda: waiting(running) >= 3)
        assert [one.key for one in recordings(administrator)] == before

    def test_a_viewer_is_refused_and_told_why(self, gateway: Gateway, since: int, away: int) -> None:
        assert away
        playlist, _ = look(gateway, since + 5_000_000, since + 13_000_000)
        listed = httpx.get(playlist, headers=gateway.authorization())
        segment = next(line for line in listed.text.splitlines() if line and not line.startswith("#"))
        answer = httpx.get(str(httpx.URL(playlist).join(segment)), headers=gateway.authorization())
        assert answer.status_code == 503
        assert "no key can be had to decrypt this video" in answer.json()["detail"]

    def test_when_it_is_back_everything_is_stored_and_seen(
        self, running: Thread, gateway: Gateway, eventually: Eventually, away: int
    ) -> None:
        running.services.start(["keys"])
        begin = away + 20_000_000
        eventually("the spool's recordings are seen", lambda: look(gateway, begin, begin + 8_000_000)[1])
        assert play(gateway, look(gateway, begin, begin + 8_000_000)[0]).frames >= 8 * 25


def waiting(running: Thread) -> float:
    """How many recordings are in the spool of ingest, which may be only just starting."""
    try:
        lines = running.services.runner("ingest").metrics().splitlines()
    except httpx.TransportError:
        return 0.0
    return sum(float(line.split()[-1]) for line in lines if line.startswith("vantage_ingest_spool_recordings"))
