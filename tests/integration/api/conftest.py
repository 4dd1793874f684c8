"""What the tests of the gateway share: the gateway as a process, real video, and messages of their own."""

import io
import os
import struct
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import httpx
import msgspec
import numpy as np
import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from psycopg import sql

from vantage.client.events import EventParser, ServerEvent
from vantage.contracts import AlertEvent, AuditRecord, Camera, Fragment, Recording, decode
from vantage.contracts.base import Clock, Picture, Place
from vantage.contracts.camera import Authority, Source
from vantage.contracts.finding import Evidence
from vantage.contracts.recording import FragmentRange, Gap
from vantage.fragment_digests import trailer
from vantage.ids import fragment_id, recording_id
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool, migrate
from vantage.publish import Publisher
from vantage_stack.oidc.provider import OpenIdProvider
from vantage_stack.process import ManagedProcess
from vantage_stack.stack import Stack
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import day_of

PATIENCE_S = 40.0
SECOND = 1_000_000
FPS = 25

Until = Callable[..., Any]
"""Waits for a condition and gives what it gave; the second argument says what for."""


def wait_for(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {patience_s:.0f} s for {what}")
        time.sleep(0.05)
    return found


class GatewayProcess:
    """The real program, which can be killed and started again on its port."""

    def __init__(self, environment: Mapping[str, str], log: Path, ports: tuple[int, int], token: str) -> None:
        port, health_port = ports
        self._token = token
        self.address = f"http://127.0.0.1:{port}"
        self._health = f"http://127.0.0.1:{health_port}"
        argv = [str(Path(sysconfig.get_path("scripts")) / "vantage-api"), "run"]
        listen = {"VANTAGE_API_PORT": str(port), "VANTAGE_HEALTH_PORT": str(health_port)}
        self.process = ManagedProcess("api", argv, log=log, environment={**os.environ, **environment, **listen})

    def start(self) -> None:
        self.process.start()
        self.process.wait_ready(self.is_ready, PATIENCE_S)

    def is_ready(self) -> bool:
        return self.answers() and self.readiness() == {}

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/v1/config", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def readiness(self) -> Mapping[str, str] | None:
        try:
            found: Mapping[str, str] = httpx.get(f"{self._health}/readyz", trust_env=False).json()["waiting"]
        except httpx.TransportError:
            return None
        return found

    def client(self, token: str | None = None) -> "Client":
        """The control room, operator and investigator; or who the token speaks for."""
        return Client(self.address, self._token if token is None else token)

    def kill9(self) -> None:
        self.process.kill9()

    def stop(self) -> None:
        self.process.stop()


class Client:
    """Asks a gateway as one caller."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=address, headers=self.headers, timeout=30, trust_env=False)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def cameras(self) -> list[str]:
        return [one["camera_id"] for one in self.get("/v1/cameras").json()["cameras"]]

    def look(self, **wish: Any) -> httpx.Response:
        return self.http.post("/v1/views", json={"purpose": "crime-prevention", **wish})

    @contextmanager
    def alerts(self, after: str = "", **headers: str) -> Iterator["Subscriber"]:
        sent = {**headers, **({"Last-Event-ID": after} if after else {})}
        with self.http.stream("GET", "/v1/alerts/stream", headers=sent) as answer:
            if answer.is_error:
                answer.read()
                raise AssertionError(answer.text)
            yield Subscriber(answer)


class Subscriber:
    """Reads an alert stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self._parser = EventParser()
        self.comments: list[str] = []
        self.opening = self.until_blank()
        self.cursor = self._parser.id

    def until_blank(self) -> ServerEvent | None:
        for line in self._lines:
            if line.startswith(":"):
                self.comments.append(line[1:].strip())
            found = self._parser.feed(line)
            if not line:
                self.cursor = self._parser.id
                return found
        raise EOFError

    def next(self) -> ServerEvent:
        while (found := self.until_blank()) is None:
            pass
        return found

    def take(self, count: int, wanted: Callable[[AlertEvent], bool]) -> list[AlertEvent]:
        """The next so many events of a test's own."""
        found: list[AlertEvent] = []
        while len(found) < count:
            event = alert_of(self.next())
            if wanted(event):
                found.append(event)
        return found


def alert_of(event: ServerEvent) -> AlertEvent:
    found = decode("alerts.v1", event.data.encode())
    assert isinstance(found, AlertEvent)
    return found


@dataclass(frozen=True)
class Clip:
    """Encoded seconds: an initialisation segment, and a moof and mdat for each second from a keyframe on."""

    init: bytes
    fragments: Sequence[bytes]
    picture: Picture


def make_clip(seconds: int) -> Clip:
    file = io.BytesIO()
    flags = "cmaf+frag_keyframe+empty_moov+default_base_moof"
    with av.open(file, "w", format="mp4", options={"movflags": flags}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS)})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "x264-params": f"keyint={FPS}:scenecut=0:bframes=0"}
        for number in range(seconds * FPS):
            picture = np.full((180, 320, 3), number % 256, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    boxes = list(_boxes(file.getvalue()))
    init = b"".join(data for kind, data in boxes if kind in (b"ftyp", b"moov"))
    moofs = [data for kind, data in boxes if kind == b"moof"]
    mdats = [data for kind, data in boxes if kind == b"mdat"]
    fragments = [moof + mdat for moof, mdat in zip(moofs, mdats, strict=True)]
    assert len(fragments) == seconds
    return Clip(init, fragments, Picture(codec="avc1.42C00D", width=320, height=180))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at : at + size]
        at += size


class World:
    """Writes what the other services would: cameras, alerts, live fragments, recordings."""

    def __init__(self, bootstrap: str, store: S3ObjectStore, dsns: Mapping[str, str]) -> None:
        self.bootstrap = bootstrap
        self.store = store
        self.publisher = Publisher(bootstrap, "test", "hk1")
        self._dsns = dsns
        self.api_dsn = dsns["api"]
        self._pool = connect_pool(dsns["storage"], application="test")
        self._index = PostgresIndex(self._pool, dsns["storage"])

    def camera(self, **more: Any) -> str:
        camera_id = f"hk1.test-{uuid4().hex[:12]}"
        camera = Camera(
            camera_id=camera_id,
            cell_id="hk1",
            revision=1,
            state="recording",
            name="A test camera",
            source=Source(url="rtsp://10.1.2.3/secret-path", credential="secret-name"),
            place=Place(latitude=22.28, longitude=114.15),
            authority=Authority(reference="T-1", expires_at=4_000_000_000_000_000),
            changed_at=1,
        )
        self.publisher.publish("cameras.v1", msgspec.structs.replace(camera, **more))
        self.publisher.flush()
        return camera_id

    def remove_camera(self, camera_id: str) -> None:
        self.publisher.publish_raw("cameras.v1", camera_id.encode(), None, [])
        self.publisher.flush()

    def alert(self, camera_id: str, revision: int = 1, **more: Any) -> AlertEvent:
        now = time.time_ns() // 1000
        fields: dict[str, Any] = {
            "event_id": f"evt_{uuid4().hex}",
            "alert_id": f"alr_{uuid4().hex}",
            "revision": revision,
            "change": "raised",
            "state": "raised",
            "at": now,
            "rule_id": "steps",
            "rule_version": 1,
            "rule_type": "intrusion",
            "camera_id": camera_id,
            "severity": "moderate",
            "title": "Somebody on the steps",
            "raised_at": now,
            "window_start": now,
            "evidence": Evidence(at=now, fragment_id="frg_1", count=1),
        }
        return AlertEvent(**{**fields, **more})

    def alerts(self, events: Sequence[AlertEvent]) -> None:
        for event in events:
            self.publisher.publish("alerts.v1", event)
        self.publisher.flush()

    def alert_row(self, event: AlertEvent) -> None:
        row = {
            **{name: getattr(event, name) for name in _ALERT_COLUMNS},
            "raised_at_us": event.raised_at,
            "changed_at_us": event.at,
            "window_start_us": event.window_start,
            "evidence": msgspec.json.encode(event.evidence).decode(),
            "event": msgspec.json.encode(event).decode(),
            "step": 1,
        }
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        marks = sql.SQL(", ").join(map(sql.Placeholder, row))
        with psycopg.connect(self._dsns["alerts"]) as connection:
            connection.execute(sql.SQL("insert into alerts.alerts ({}) values ({})").format(columns, marks), row)

    def live(self, camera_id: str, clip: Clip, start: int, epoch: int, numbers: Sequence[int]) -> list[Fragment]:
        """Put those seconds of the clip into a pack and announce them, as ingest does."""
        key, pack, made = f"hk1/test/{uuid4().hex}.pack", b"", []
        for number in numbers:
            data = clip.fragments[number % len(clip.fragments)]
            began = start + number * SECOND
            made.append(
                Fragment(
                    fragment_id=fragment_id(camera_id, epoch, began),
                    camera_id=camera_id,
                    epoch=epoch,
                    sequence=number,
                    start=began,
                    duration=SECOND,
                    clock=Clock(quality="ntp"),
                    picture=clip.picture,
                    bucket="live",
                    pack=key,
                    offset=len(pack),
                    length=len(clip.init) + len(data),
                    init_length=len(clip.init),
                    sha256=sha256(data).hexdigest(),
                    frames=[(0, len(data), True)],  # type: ignore[list-item]
                )
            )
            pack += clip.init + data
        self.store.put("live", key, pack)
        for fragment in made:
            self.publisher.publish("fragments.v1", fragment)
        self.publisher.flush()
        return made

    def recording(  # noqa: PLR0917
        self, camera_id: str, clip: Clip, start: int, epoch: int, numbers: Sequence[int], gap: Gap | None = None
    ) -> Recording:
        """Put those seconds of the clip into a recording and index it, as ingest and storage do."""
        whole, ranges = clip.init, []
        for number in numbers:
            data = clip.fragments[number]
            begin = start + number * SECOND
            ranges.append(FragmentRange(begin, SECOND, len(whole), len(data), sha256(data).hexdigest()))
            whole += data
        whole += trailer(one.sha256 for one in ranges)
        first = ranges[0].start
        recording = Recording(
            recording_id=recording_id(camera_id, first, epoch),
            camera_id=camera_id,
            epoch=epoch,
            start=first,
            end=ranges[-1].start + SECOND,
            clock=Clock(quality="ntp"),
            picture=clip.picture,
            bucket="footage",
            object=f"hk1/{camera_id}/{first}-{epoch}.mp4",
            size=len(whole),
            sha256=sha256(whole).hexdigest(),
            init_length=len(clip.init),
            fragments=ranges,
            gap_before=gap,
        )
        self.store.put("footage", recording.object, whole)
        self._index.make_days([day_of(first)])
        self._index.write([recording], [], {})
        return recording

    def decisions(self, **wanted: str) -> list[AuditRecord]:
        """All decisions on record with these fields."""
        found = [decode("audit.v1", value) for value in read_topic(self.bootstrap, "audit.v1")]
        return [
            record
            for record in found
            if isinstance(record, AuditRecord) and all(getattr(record, name) == it for name, it in wanted.items())
        ]

    def close(self) -> None:
        self._pool.close()


_ALERT_COLUMNS = (
    *("alert_id", "revision", "state", "active", "rule_id", "rule_version", "rule_type", "camera_id", "zone_id"),
    *("severity", "title", "peak", "actor", "reason"),
)


def read_topic(bootstrap: str, topic: str) -> list[bytes]:
    """Everything that is on a topic now."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"test-{uuid4().hex}"})
    try:
        ends = {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions
        }
        consumer.assign([TopicPartition(topic, number, low) for number, (low, high) in ends.items() if high > low])
        values: list[bytes] = []
        left = sum(high - low for low, high in ends.values())
        deadline = time.monotonic() + PATIENCE_S
        while len(values) < left and time.monotonic() < deadline:
            values += [record.value() or b"" for record in consumer.consume(1_000, 0.2) if record.error() is None]
        return values
    finally:
        consumer.close()


@pytest.fixture(scope="session")
def world(kafka_bootstrap: str, object_store: S3ObjectStore, postgres_dsns: Mapping[str, str]) -> Iterator[World]:
    migrate(postgres_dsns["storage"], "storage", "vantage_storage.migrations")
    migrate(postgres_dsns["alerts"], "alerts", "vantage_alerts.migrations")
    for bucket in ("live", "footage"):
        object_store.ensure_bucket(bucket)
    made = World(kafka_bootstrap, object_store, postgres_dsns)
    yield made
    made.close()


@pytest.fixture(scope="session")
def clip() -> Clip:
    return make_clip(12)


@pytest.fixture(scope="session")
def make_gateway(
    stack: Stack, world: World, oidc: OpenIdProvider, desk_token: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., GatewayProcess]]:
    """Makes gateways; each is stopped at the end."""
    made: list[GatewayProcess] = []

    def make(**more: str) -> GatewayProcess:
        own = {"VANTAGE_POSTGRES_DSN": world.api_dsn, "VANTAGE_API_OIDC_ISSUER": oidc.issuer, **more}
        log = tmp_path_factory.mktemp("api") / "api.log"
        ports = stack.ports.free(), stack.ports.free()
        gateway = GatewayProcess({**stack.environment(), **own}, log, ports, desk_token)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.stop()


@pytest.fixture(scope="session")
def gateway(make_gateway: Callable[..., GatewayProcess]) -> GatewayProcess:
    """One gateway for the tests that leave it alone."""
    made = make_gateway()
    made.start()
    return made


@pytest.fixture(scope="session")
def desk_token(oidc: OpenIdProvider) -> str:
    return oidc.token()


@pytest.fixture
def desk(gateway: GatewayProcess) -> Client:
    """The control room: operator and investigator."""
    return gateway.client()


@pytest.fixture
def camera(world: World, desk: Client) -> str:
    """A camera of the test's own, known to the shared gateway."""
    made = world.camera()
    wait_for(lambda: made in desk.cameras(), "the camera to be listed")
    return made


@pytest.fixture(scope="session")
def until() -> Until:
    return wait_for
