"""The custodian over HTTP, asked as a service asks it: what it gives, refuses, and records of either."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
import urllib3

from vantage.clock import ManualClock
from vantage.errors import KeyDestroyed, StartupError, StoreRefused, StoreUnavailable
from vantage.objects.http_keyring import HttpKeyring
from vantage_keys.adapters.callers import CallerFolder
from vantage_keys.adapters.key_folder import KeyFolder
from vantage_keys.adapters.master import Master
from vantage_keys.adapters.trail import Trail
from vantage_keys.custodian import Custodian
from vantage_keys.domain.rights import CALLERS
from vantage_keys.errors import NotPrivate, PortTaken
from vantage_keys.server import KeysServer, check_private
from vantage_keys.settings import KeysSettings
from vantage_keys.web import build

from .conftest import Log

NOW = 1_795_555_213_000_000  # 2026-11-24
DAY_S = 86_400.0
TOKENS = {name: f"{name}-{'t' * 32}" for name in CALLERS}
FOOTAGE, PACK, HELD = "hk1/cam/20261124/rec.mp4", "hk1/7/20261124/2113/1-1.pack", "hk1/hld_1/cam/rec.mp4"


def settings(folder: Path, **changes: object) -> KeysSettings:
    return KeysSettings.model_validate(
        {
            "kafka_bootstrap": "127.0.0.1:9",
            "keys_folder": folder,
            "keys_master_file": folder,
            "keys_callers": folder,
            "keys_port": 0,
            **changes,
        }
    )


class Kept:
    """A custodian on loopback, and keyrings that ask it."""

    def __init__(self, folder: Path, trail: Trail) -> None:
        self.clock = ManualClock(NOW)
        self.trail = trail
        self.keys = KeyFolder(folder, [Master(b"m" * 32)])
        self.keys.open()
        callers = folder / "callers"
        callers.mkdir()
        for name, token in TOKENS.items():
            (callers / name).write_text(token)
        app = build(Custodian(self.keys, trail, self.clock), CallerFolder(callers).caller)
        self.server = KeysServer(app, settings(folder))
        self.server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def keyring(self, caller: str, *, fresh_s: float = 0.0) -> HttpKeyring:
        return HttpKeyring(self.url, TOKENS.get(caller, caller), fresh_s=fresh_s)


@pytest.fixture
def kept(tmp_path: Path, trail: Trail) -> Iterator[Kept]:
    made = Kept(tmp_path, trail)
    yield made
    made.server.stop()


class TestAKey:
    def test_is_made_by_who_writes_and_given_to_who_reads(self, kept: Kept, log: Log) -> None:
        made = kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
        assert made is not None
        assert len(made) == 32
        assert kept.keyring("api").key_for("footage", FOOTAGE) == made
        assert ("api", "key.use", "allow", "footage-20261124") in log.told()

    def test_that_was_never_made_is_none_to_a_reader(self, kept: Kept) -> None:
        assert kept.keyring("api").key_for("footage", FOOTAGE) is None

    def test_for_where_nothing_is_encrypted_is_none_to_a_reader_and_refused_to_a_writer(self, kept: Kept) -> None:
        assert kept.keyring("detect").key_for("live", "anything") is None
        with pytest.raises(StoreRefused, match="no key encrypts live/anything"):
            kept.keyring("ingest").key_for("live", "anything", make=True)

    def test_is_one_for_all_who_ask_at_once(self, kept: Kept) -> None:
        keyrings = [kept.keyring("ingest") for _ in range(8)]
        start = threading.Barrier(8)

        def ask(keyring: HttpKeyring) -> bytes | None:
            start.wait()
            return keyring.key_for("footage", FOOTAGE, make=True)

        with ThreadPoolExecutor(8) as pool:
            (one,) = set(pool.map(ask, keyrings))
        assert one is not None

    def test_is_in_no_line_of_the_log_and_no_record(self, kept: Kept, log: Log) -> None:
        with structlog.testing.capture_logs() as lines:
            made = kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
            with pytest.raises(StoreRefused) as refused:
                kept.keyring("detect").key_for("evidence", HELD, make=True)
        assert made is not None
        said = json.dumps(lines, default=str) + repr(log.said) + str(refused.value)
        assert made.hex() not in said
        assert not any(token in said for token in TOKENS.values())

    def test_is_kept_by_nobody_on_the_way(self, kept: Kept) -> None:
        kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
        headers = {"Authorization": f"Bearer {TOKENS['ingest']}"}
        answer = urllib3.request("GET", f"{kept.url}/v1/keys/footage-20261124", headers=headers)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")


class TestRefusals:
    @pytest.mark.parametrize(
        ("caller", "place", "make"),
        [
            ("detect", ("evidence", HELD), False),
            ("detect", ("live", PACK), True),
            ("api", ("footage", FOOTAGE), True),
            ("ingest", ("evidence", HELD), True),
        ],
    )
    def test_of_what_is_another_s_are_recorded(
        self, kept: Kept, log: Log, caller: str, place: tuple[str, str], make: bool
    ) -> None:
        with pytest.raises(StoreRefused, match=f"403, {caller} may not"):
            kept.keyring(caller).key_for(*place, make=make)
        kept.trail.stop()
        assert [one.decision for one in log.said if one.actor == caller] == ["deny"]

    def test_of_a_stranger_are_recorded_and_name_nobody(self, kept: Kept, log: Log) -> None:
        with pytest.raises(StoreRefused, match="401"):
            kept.keyring("x" * 32).key_for("footage", FOOTAGE)
        kept.trail.stop()
        assert log.told() == [("unknown", "key.use", "deny", "footage-20261124")]

    @pytest.mark.parametrize("name", ["footage-20261301", "..%2f..%2fmaster", "evidence-", "keys"])
    def test_of_what_is_no_id_come_before_any_file(self, kept: Kept, name: str) -> None:
        headers = {"Authorization": f"Bearer {TOKENS['storage']}"}
        answer = urllib3.request("POST", f"{kept.url}/v1/keys/{name}", headers=headers)
        assert answer.status in {400, 404}

    def test_are_problems_that_say_what_to_do(self, kept: Kept) -> None:
        answer = urllib3.request("GET", f"{kept.url}/v1/keys/footage-20261124")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].startswith("the bearer token is nobody's: mount")

    def test_there_is_no_list_of_keys(self, kept: Kept) -> None:
        headers = {"Authorization": f"Bearer {TOKENS['storage']}"}
        assert urllib3.request("GET", f"{kept.url}/v1/keys", headers=headers).status == 404


class TestDestruction:
    def test_is_for_ever_and_for_everybody(self, kept: Kept, log: Log) -> None:
        kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
        kept.clock.advance(3 * DAY_S)
        kept.keyring("storage").destroy("footage-20261124")
        for caller, make in (("api", False), ("storage", False), ("ingest", True)):
            with pytest.raises(KeyDestroyed, match="cannot be read again"):
                kept.keyring(caller).key_for("footage", FOOTAGE, make=make)
        kept.keyring("storage").destroy("footage-20261124")
        kept.trail.stop()
        deeds = [(one.kind, one.decision) for one in log.said if one.action == "key.destroy"]
        assert sorted(deeds, key=str) == [("decision", "allow"), ("receipt", None)]

    @pytest.mark.parametrize("days", [0, 1])
    def test_of_a_day_that_is_hardly_over_is_refused(self, kept: Kept, days: int) -> None:
        made = kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
        kept.clock.advance(days * DAY_S)
        with pytest.raises(StoreRefused, match="409"):
            kept.keyring("storage").destroy("footage-20261124")
        assert kept.keyring("api").key_for("footage", FOOTAGE) == made

    def test_of_a_hold_needs_no_day(self, kept: Kept) -> None:
        kept.keyring("storage").key_for("evidence", HELD, make=True)
        kept.keyring("storage").destroy("evidence-hld_1")
        with pytest.raises(KeyDestroyed):
            kept.keyring("api").key_for("evidence", HELD)

    @pytest.mark.parametrize("caller", ["ingest", "detect", "api"])
    def test_is_storage_s_alone(self, kept: Kept, caller: str) -> None:
        with pytest.raises(StoreRefused, match="403"):
            kept.keyring(caller).destroy("evidence-hld_1")

    def test_is_felt_by_others_when_what_they_keep_is_no_longer_fresh(self, kept: Kept) -> None:
        made = kept.keyring("storage").key_for("evidence", HELD, make=True)
        quick, slow = kept.keyring("api"), kept.keyring("api", fresh_s=3600)
        assert quick.key_for("evidence", HELD) == slow.key_for("evidence", HELD) == made
        kept.keyring("storage").destroy("evidence-hld_1")
        with pytest.raises(KeyDestroyed):
            quick.key_for("evidence", HELD)
        assert slow.key_for("evidence", HELD) == made


class TestWhileTheAuditLogIsAway:
    def test_ingest_goes_on_and_a_reader_does_not(self, kept: Kept, log: Log) -> None:
        log.away = True
        assert kept.keyring("ingest").key_for("footage", FOOTAGE, make=True)
        with pytest.raises(StoreUnavailable, match="503, the audit log does not take the record"):
            kept.keyring("api").key_for("footage", FOOTAGE)

    def test_a_destruction_is_done_and_recorded_later(self, kept: Kept, log: Log) -> None:
        log.away = True
        kept.keyring("storage").destroy("evidence-hld_1")
        with pytest.raises(KeyDestroyed):
            kept.keyring("storage").key_for("evidence", HELD, make=True)


class TestWhileTheCustodianIsAway:
    def test_a_writer_goes_on_with_the_key_it_has_and_a_reader_does_not(self, kept: Kept) -> None:
        writer, reader = kept.keyring("ingest"), kept.keyring("api")
        made = writer.key_for("footage", FOOTAGE, make=True)
        assert reader.key_for("footage", FOOTAGE) == made
        kept.server.stop()
        assert writer.key_for("footage", FOOTAGE, make=True) == made
        with pytest.raises(StoreUnavailable, match=r"custodian at .* is it running"):
            reader.key_for("footage", FOOTAGE)
        with pytest.raises(StoreUnavailable):
            writer.key_for("live", PACK, make=True)


class TestPrivacy:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "keys.example"])  # noqa: S104
    def test_in_the_clear_it_listens_on_loopback_only(self, tmp_path: Path, host: str) -> None:
        with pytest.raises(NotPrivate, match="over TLS alone"):
            check_private(settings(tmp_path, keys_host=host))
        check_private(settings(tmp_path, keys_host="127.0.0.1"))

    def test_a_certificate_without_its_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "crt").touch()
        with pytest.raises(NotPrivate, match="set both"):
            check_private(settings(tmp_path, keys_certificate=tmp_path / "crt"))

    def test_a_certificate_that_is_none_is_refused(self, tmp_path: Path, kept: Kept) -> None:
        for name in ("crt", "key"):
            (tmp_path / name).write_text("no PEM")
        tls = {"keys_certificate": tmp_path / "crt", "keys_private_key": tmp_path / "key"}
        with pytest.raises(NotPrivate, match="cannot be used"):
            KeysServer(build(None, None), settings(tmp_path, **tls))  # type: ignore[arg-type]

    def test_a_port_that_is_taken_is_said(self, tmp_path: Path, kept: Kept) -> None:
        with pytest.raises(PortTaken, match=f"{kept.server.port}"):
            KeysServer(build(None, None), settings(tmp_path, keys_port=kept.server.port))  # type: ignore[arg-type]

    def test_its_faults_end_a_start(self) -> None:
        assert issubclass(NotPrivate, StartupError)
        assert NotPrivate.exit_code == 78
