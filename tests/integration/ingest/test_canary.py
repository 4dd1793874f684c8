"""A camera's password is nowhere but in its secret and on the way to its camera, whatever goes wrong."""

import base64
import gzip
import json
import subprocess
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec
import psutil
from confluent_kafka import Consumer, TopicPartition

from vantage.contracts import Camera
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import Ingest, Register, Topics, until

CORE = f"c4nary{uuid4().hex}"
PASSWORD = f'{CORE}/&?@:"%41 '
TRIES = 60


def needles(*credentials: str) -> list[bytes]:
    """What must not be found: the passwords, escaped as in urls and JSON, and as HTTP's basic scheme has them."""
    found = set()
    for credential in credentials:
        password = credential.partition(":")[2]
        basic = base64.b64encode(credential.encode()).decode()
        found |= {password, quote(password, safe=""), json.dumps(password)[1:-1], basic.rstrip("=")[:-2]}
    return [needle.encode() for needle in (*found, CORE)]


class Watch:
    """Looks at the service from outside while it runs: its processes, and what it tells."""

    def __init__(self, ingest: Ingest) -> None:
        self.seen: dict[str, bytes] = {}
        self._ingest = ingest
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def processes(self) -> set[str]:
        return {name for name in self.seen if name.startswith("process ")}

    def _run(self) -> None:
        while not self._over.wait(0.2):
            with suppress(psutil.Error):
                assert self._ingest._process is not None
                supervisor = psutil.Process(self._ingest._process.pid)
                for one in (supervisor, *supervisor.children(recursive=True)):
                    self._look(one)
            for path in ("/metrics", "/readyz", "/healthz"):
                with suppress(httpx.HTTPError):
                    answer = httpx.get(f"http://127.0.0.1:{self._ingest._port}{path}", trust_env=False)
                    self.seen[path] = self.seen.get(path, b"") + answer.content

    def _look(self, one: psutil.Process) -> None:
        with suppress(psutil.Error):
            words = " ".join(one.cmdline())
            self.seen[f"process {one.pid}"] = (words + repr(one.environ())).encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Takes traces as OpenTelemetry's collector does."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name for it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    server.shutdown()
    server.server_close()


def everything_on(bootstrap: str) -> Iterator[tuple[str, bytes]]:
    """Every message of every topic, with its key and headers."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"canary-{uuid4()}", "enable.auto.commit": False})
    parts = [
        TopicPartition(name, number, 0)
        for name, topic in consumer.list_topics(timeout=10).topics.items()
        for number in topic.partitions
        if not name.startswith("__")
    ]
    ends = {(part.topic, part.partition): consumer.get_watermark_offsets(part, timeout=10) for part in parts}
    left = {key for key, (low, high) in ends.items() if high > low}
    consumer.assign([TopicPartition(topic, number, ends[topic, number][0]) for topic, number in left])
    while left:
        for record in consumer.consume(500, timeout=1):
            key = (str(record.topic()), int(record.partition() or 0))
            if record.error() is None:
                whole = (record.key() or b"") + (record.value() or b"") + repr(record.headers()).encode()
                yield f"{key[0]}[{key[1]}]", whole
            if consumer.position([TopicPartition(*key)])[0].offset >= ends[key][1]:
                left.discard(key)
    consumer.close()


def troubled(register: Register, cameras: VirtualCameras) -> Mapping[str, Camera]:
    """A camera for each thing that can go wrong with one; both readers have each of them."""
    urls = {
        "wrong": (cameras.url(1), "canary"),
        "nostream": (cameras.path_url("cam/none"), "good"),
        "nocodec": (cameras.path_url("other/mjpeg"), "good"),
        "nothing": ("rtsp://127.0.0.1:9/x", "canary"),
        "forbidden": ("rtsp://10.9.9.9/x", "canary"),
        "unnamed": ("rtsp://no-such-camera.invalid/x", "canary"),
        "badurl": ("rtsp://127.0.0.1:8554/x#y", "canary"),
        "untrusted": (cameras.secure_url(1), "canary"),
        "nocolon": (cameras.url(1), "nocolon"),
        "control": (cameras.url(1), "control"),
        "dropped": (cameras.url(2), "good"),
        "hung": (cameras.url(3), "good"),
    }
    made = {}
    for name, (url, credential) in urls.items():
        for reader in ("native", "ffmpeg"):
            camera = register.add(f"{name}-{reader}", url, credential=credential)
            source = msgspec.structs.replace(camera.source, reader=reader)
            made[camera.name] = msgspec.structs.replace(camera, source=source, revision=2)
            register.publish(made[camera.name])
    return made


def test_no_password_is_found_anywhere(
    *,
    ingest: Ingest,
    register: Register,
    topics: Topics,
    virtual_cameras: VirtualCameras,
    credentials: Path,
    kafka_bootstrap: str,
) -> None:
    (credentials / "canary").write_text(f"camera:{PASSWORD}\n")
    (credentials / "nocolon").write_text(f"{CORE}\n")
    (credentials / "control").write_text(f"camera:{CORE}\r\nX: y")
    cameras = troubled(register, virtual_cameras)
    virtual_cameras.control(3, "hang")
    with collector() as (endpoint, traces):
        ingest.start(VANTAGE_LOG_LEVEL="debug", VANTAGE_OTLP_ENDPOINT=endpoint)
        with Watch(ingest) as watch:
            for camera in cameras.values():
                if not camera.name.startswith("dropped"):
                    until(lambda camera=camera: topics.statuses(camera)[-1:], f"{camera.name} is told of")  # type: ignore[misc]
            for name in ("dropped-native", "dropped-ffmpeg"):
                until(lambda name=name: topics.fragments(cameras[name]), f"{name} is live")  # type: ignore[misc]
            virtual_cameras.control(2, "drop")
            until(lambda: ingest.metric("vantage_ingest_stream_ends_total") > TRIES, "many tries")
            ingest.kill9()
            ingest.start(VANTAGE_LOG_LEVEL="debug", VANTAGE_OTLP_ENDPOINT=endpoint)
            until(lambda: len(watch.processes) >= 6, "supervisor and workers of both readers, before and after a crash")
            virtual_cameras.control(3, "unhang")
            asked = probe(credentials, virtual_cameras)
        ingest.stop()

    hidden = needles(f"camera:{PASSWORD}", virtual_cameras.credential)
    places = {"log": ingest.log().encode(), "probe": asked, **watch.seen}
    places |= {f"trace {number}": body for number, body in enumerate(traces)}
    places |= {str(path): path.read_bytes() for path in ingest.state.rglob("*") if path.is_file()}
    for number, (where, content) in enumerate(everything_on(kafka_bootstrap)):
        places[f"{where} {number}"] = content
    assert [name for name, content in places.items() if any(needle in content for needle in hidden)] == []
    assert {"/metrics", "/readyz"} <= watch.seen.keys()
    assert any(name.startswith("camera-status.v1") for name in places)
    states = {camera.name: topics.statuses(camera)[-1].state for camera in cameras.values()}
    assert states["wrong-native"] == states["wrong-ffmpeg"] == "refused"
    assert states["forbidden-native"] == states["forbidden-ffmpeg"] == "refused"


def probe(credentials: Path, cameras: VirtualCameras) -> bytes:
    """What the probe says of a camera that speaks no ONVIF, asked with the canary."""
    host = cameras.url(1).removeprefix("rtsp://").partition("/")[0]
    command = [str(Path(sysconfig.get_path("scripts")) / "vantage-ingest"), "probe", host, "--credential", "canary"]
    environment = {"VANTAGE_CAMERA_NETWORKS": "127.0.0.0/8", "VANTAGE_INGEST_CREDENTIALS": str(credentials)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_the_search_finds_a_password_in_each_form() -> None:
    hidden = needles("camera:pa/ss")
    for text in ("pa/ss", "x=pa%2Fss&", "Basic " + base64.b64encode(b"camera:pa/ss").decode()):
        assert any(needle in text.encode() for needle in hidden)
