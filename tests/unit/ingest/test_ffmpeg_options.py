"""Nobody gives FFmpeg an option or an address: what it is opened with is ours, whatever a camera's source says."""

import threading
from typing import Any

import av
import msgspec
import pytest
from pydantic import ValidationError

from vantage.camera_networks import CameraNetworks, networks
from vantage.clock import SystemClock
from vantage.contracts.camera import Source
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Target
from vantage_ingest.settings import IngestSettings
from vantage_scheme.domain.camera_entry import SourceEntry

OURS = {"rtsp_transport", "allowed_media_types", "protocol_whitelist", "timeout", "probesize", "fpsprobesize"}
FIELDS = {"url", "credential", "transport", "stream", "sub_url", "reader", "certificate"}


class Deaf:
    def opened(self, *_: object) -> None:
        return

    def units(self, *_: object) -> None:
        return

    def ended(self, _end: StreamEnded) -> None:
        return


@pytest.mark.parametrize(
    "url", ["rtsp://127.0.0.2/x?rtsp_flags=listen&protocol_whitelist=file", "rtsps://127.0.0.2/x?timeout=1"]
)
def test_its_options_and_its_address_are_ours(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, dict[str, Any]]] = []
    come = threading.Event()

    def no_open(address: str, **more: Any) -> None:
        opened.append((address, more))
        come.set()
        raise av.error.InvalidDataError(1, "it is not opened here")

    monkeypatch.setattr(av, "open", no_open)
    loop = Loop(SystemClock())
    reader = PyavReader(loop, Resolver(CameraNetworks(networks("127.0.0.0/8"))), 1, 1, SystemClock())
    reader.open(Target(url, "user:secret"), Deaf())
    assert come.wait(30)
    ((address, more),) = opened
    assert address.startswith("rtsp://user:secret@127.0.0.1:")
    assert more["options"].keys() == OURS
    assert set(more["options"]["protocol_whitelist"].split(",")) == {"rtsp", "rtp", "tcp", "udp"}
    assert more.keys() == {"options", "timeout"}


def test_neither_the_contract_nor_the_camera_file_nor_a_setting_has_a_place_for_options() -> None:
    assert {field.name for field in msgspec.structs.fields(Source)} == FIELDS
    assert SourceEntry.model_fields.keys() == FIELDS
    with pytest.raises(ValidationError, match="options"):
        SourceEntry.model_validate({"url": "rtsp://10.20.0.5/x", "options": {"rtsp_flags": "listen"}})
    assert not [name for name in IngestSettings.model_fields if "option" in name or "argument" in name]
