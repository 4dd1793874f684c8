"""The custodian as a process, on real Kafka and a real store over TLS: killed, cut off from its log, rotated."""

import json
import os
import secrets
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3

from vantage.errors import KeyDestroyed, KeysUnavailable, StoreRefused, VantageError
from vantage.key_ids import hold_key_id, key_id
from vantage_api.adapters.footage import StoredVideo
from vantage_api.ports import Stored

from .conftest import Custodian, Eventually

LONG_AGO = date(1000, 1, 1)  # one test asks for as many days as it can in its time
_days = count()


def a_day() -> str:
    """A day that no other test has."""
    return f"{LONG_AGO + timedelta(days=next(_days)):%Y%m%d}"


@pytest.fixture
def footage() -> str:
    """The key of an object of a day of its own."""
    return f"hk1/cam/{a_day()}/rec-{uuid4().hex}.mp4"


@pytest.fixture
def hold() -> str:
    return f"hld_{uuid4().hex}"


class TestOneKey:
    def test_is_what_two_services_get_who_ask_at_once(self, custodian: Custodian) -> None:
        for _ in range(5):
            place, start, got = f"hk1/cam/{a_day()}/rec.mp4", threading.Barrier(4), list[bytes | None]()

            def ask(name: str, place: str, start: threading.Barrier, got: list[bytes | None]) -> None:
                start.wait()
                got.append(custodian.keyring(name).key_for("footage", place, make=True))

            names = ("ingest", "storage", "ingest", "storage")
            threads = [threading.Thread(target=ask, args=(name, place, start, got)) for name in names]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            assert len(got) == 4
            assert len(set(got)) == 1

    def test_that_was_given_out_is_never_lost_by_a_kill(self, custodian: Custodian, eventually: Eventually) -> None:
        given: dict[str, bytes] = {}
        stop = threading.Event()

        def hammer() -> None:
            keyring = custodian.keyring("ingest")
            while not stop.is_set():
                place = f"hk1/cam/{a_day()}/rec.mp4"
                try:
                    made = keyring.key_for("footage", place, make=True)
                except VantageError:
                    continue
                assert made is not None
                given[place] = made

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for one in threads:
            one.start()
        for _ in range(3):
            enough = len(given) + 20
            eventually("keys are made", lambda enough=enough: len(given) > enough)  # type: ignore[misc]
            custodian.services.kill9("keys")
            custodian.services.wait_ready("keys")
        stop.set()
        for one in threads:
            one.join()
        custodian.services.wait_ready("keys")
        keyring = custodian.keyring("ingest")
        assert {place: keyring.key_for("footage", place) for place in given} == given


class TestThroughTheStore:
    """Each service with its own settings, as `S3ObjectStore.from_settings` makes of them."""

    def test_what_ingest_writes_the_others_read_and_the_administrator_does_not(
        self, custodian: Custodian, footage: str, hold: str
    ) -> None:
        marker = uuid4().hex.encode()
        custodian.store("ingest").put("footage", footage, marker)
        held = f"hk1/{hold}/cam/rec.mp4"
        storage = custodian.store("storage")
        storage.put("evidence", held, storage.get("footage", footage))
        video = StoredVideo(custodian.store("api"))
        assert video.read(Stored("footage", footage, 2, 20)) == marker[2:22]
        assert video.read(Stored("evidence", held, 0, 32)) == marker
        administrator = custodian.stack.store.access.open()
        for bucket, key in (("footage", footage), ("evidence", held)):
            with pytest.raises(StoreRefused):
                administrator.get(bucket, key)
        files = [path for path in custodian.stack.store.data.rglob("*") if path.is_file()]
        assert not any(marker in path.read_bytes() for path in files)

    def test_detect_has_no_way_to_evidence(self, custodian: Custodian, hold: str, eventually: Eventually) -> None:
        held = f"hk1/{hold}/cam/rec.mp4"
        custodian.store("storage").put("evidence", held, b"held")
        with pytest.raises(StoreRefused, match="403, detect may not use"):
            custodian.store("detect").get("evidence", held)

        def recorded() -> bool:
            denied = {(one.actor, one.resource) for one in custodian.audit() if one.decision == "deny"}
            return ("detect", hold_key_id(hold)) in denied

        eventually("the refusal is on audit.v1", recorded)

    def test_a_destroyed_key_ends_every_way_though_the_object_is_there(
        self, custodian: Custodian, footage: str, eventually: Eventually
    ) -> None:
        ingest, storage = custodian.store("ingest"), custodian.store("storage")
        ingest.put("footage", footage, b"to be erased")
        assert storage.keyring is not None
        storage.keyring.destroy(key_id("footage", footage))
        for store in (ingest, storage):
            with pytest.raises(KeyDestroyed):
                store.get("footage", footage)
        with pytest.raises(KeyDestroyed):
            StoredVideo(custodian.store("api")).read(Stored("footage", footage, 0, 5))
        with pytest.raises(StoreRefused):
            custodian.stack.store.access.open().get("footage", footage)
        custodian.services.kill9("keys")
        custodian.services.wait_ready("keys")
        with pytest.raises(KeyDestroyed):
            storage.get("footage", footage)
        assert [one.key for one in storage.list("footage", footage)] == [footage]

        def recorded() -> bool:
            about = [one for one in custodian.audit() if one.resource == key_id("footage", footage)]
            return {one.kind for one in about if one.action == "key.destroy"} == {"decision", "receipt"}

        eventually("decision and receipt are on audit.v1", recorded)


class TestTheRecord:
    def test_of_a_reader_s_use_is_there_before_the_key_is(self, custodian: Custodian, footage: str) -> None:
        custodian.store("ingest").put("footage", footage, b"x")
        custodian.store("api").get("footage", footage)
        about = [one for one in custodian.audit() if one.resource == key_id("footage", footage)]
        assert ("api", "key.use", "allow") in [(one.actor, one.action, one.decision) for one in about]

    def test_of_ingest_s_use_waits_while_kafka_is_away_and_a_reader_waits_for_it(
        self, custodian: Custodian, footage: str, eventually: Eventually
    ) -> None:
        ingest, api = custodian.store("ingest"), custodian.store("api")
        with custodian.stack.away("kafka"):
            ingest.put("footage", footage, b"recorded meanwhile")
            with pytest.raises(KeysUnavailable, match="503, the audit log does not take the record"):
                api.get("footage", footage)
            custodian.services.kill9("keys")
            custodian.services.wait_ready("keys")
            with pytest.raises(KeysUnavailable, match="503"):
                api.get("footage", footage)
            assert ingest.get("footage", footage) == b"recorded meanwhile"

        def readable() -> bool:
            try:
                return api.get("footage", footage) == b"recorded meanwhile"
            except KeysUnavailable:
                return False

        eventually("the reader is served again", readable)
        about = [one for one in custodian.audit() if one.resource == key_id("footage", footage)]
        assert {("ingest", "key.make"), ("ingest", "key.use"), ("api", "key.use")} == {
            (one.actor, one.action) for one in about
        }

    def test_of_somebody_without_a_token_is_made_too(self, custodian: Custodian, eventually: Eventually) -> None:
        custody = custodian.stack.custody
        assert custody is not None
        day = a_day()
        pool = urllib3.PoolManager(ca_certs=str(custody.authority.ca))
        answer = pool.request(
            "GET", f"{custody.url}/v1/keys/footage-{day}", headers={"Authorization": f"Bearer {'x' * 43}"}
        )
        assert answer.status == 401
        eventually("it is on audit.v1", lambda: ("unknown", f"footage-{day}") in said(custodian))

    def test_and_the_log_hold_no_key_and_no_token(self, custodian: Custodian, footage: str) -> None:
        made = custodian.keyring("ingest").key_for("footage", footage, make=True)
        assert made is not None
        assert custodian.stack.custody is not None
        text = custodian.services.runner("keys").program.log.read_text() + repr(custodian.audit())
        assert not any(token in text for token in custodian.stack.custody.tokens.values())
        assert made.hex() not in text


def said(custodian: Custodian) -> set[tuple[str, str]]:
    return {(one.actor, one.resource) for one in custodian.audit()}


class TestTheMaster:
    @pytest.fixture
    def former(self, custodian: Custodian, tmp_path: Path) -> Iterator[Path]:
        """The master key until now, in a file of its own; the stack's has another from here on."""
        assert custodian.stack.custody is not None
        file = tmp_path / "former"
        file.touch(mode=0o600)
        file.write_bytes(custodian.stack.custody.master.read_bytes())
        custodian.stack.custody.master.write_bytes(secrets.token_bytes(32))
        yield file
        custodian.restart({})

    def test_is_rotated_while_the_custodian_runs(self, custodian: Custodian, former: Path, footage: str) -> None:
        custody = custodian.stack.custody
        assert custody is not None
        both = {"VANTAGE_KEYS_FORMER_MASTER_FILE": str(former)}
        made = custodian.keyring("ingest").key_for("footage", footage, make=True)
        custodian.restart(both)
        assert custodian.keyring("ingest").key_for("footage", footage) == made
        program = Path(sysconfig.get_path("scripts")) / "vantage-keys"
        environment = {"PATH": os.environ["PATH"], **custody.settings(), **both}
        done = subprocess.run([program, "rotate-master"], env=environment, capture_output=True, text=True, check=True)
        assert json.loads(done.stderr.splitlines()[-1])["rewrapped"] > 0
        assert custodian.keyring("ingest").key_for("footage", footage) == made
        custodian.restart({})
        assert custodian.keyring("ingest").key_for("footage", footage) == made
        former.write_bytes(secrets.token_bytes(32))
        wrong = environment | {"VANTAGE_KEYS_MASTER_FILE": str(former)}
        del wrong["VANTAGE_KEYS_FORMER_MASTER_FILE"]
        refused = subprocess.run([program, "rotate-master"], env=wrong, capture_output=True, text=True, check=False)
        assert refused.returncode == 78
        assert "wrapped under another master key" in refused.stderr
