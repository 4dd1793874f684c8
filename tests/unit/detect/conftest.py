"""Fragments with made-up bytes, and a detector that sees what a test wants."""

import hashlib
from collections.abc import Callable

import pytest

from vantage.contracts import Fragment
from vantage.contracts.base import Clock, Picture, StreamName
from vantage.contracts.fragment import Frame
from vantage.ids import fragment_id

START = 1_790_000_000_000_000
SECOND = 1_000_000
INIT = b"init"

MakeFragment = Callable[..., Fragment]


def media(sequence: int) -> bytes:
    """The made-up bytes of a fragment."""
    return f"moof and mdat {sequence:06d}".encode()


@pytest.fixture
def make_fragment() -> MakeFragment:
    """A fragment of a second and five frames; the pack is `init` and its made-up bytes at an offset."""

    def make(
        sequence: int = 0,
        *,
        camera: str = "hk1.a",
        epoch: int = 7,
        pack: str = "pack",
        offset: int = 0,
        stream: StreamName = "main",
    ) -> Fragment:
        start = START + sequence * SECOND
        return Fragment(
            fragment_id=fragment_id(camera, epoch, start, stream),
            camera_id=camera,
            epoch=epoch,
            sequence=sequence,
            stream=stream,
            start=start,
            duration=SECOND,
            clock=Clock(quality="ntp", offset_us=0),
            picture=Picture(codec="avc1.64001F", width=640, height=272),
            bucket="live",
            pack=pack,
            offset=offset,
            length=len(INIT) + len(media(sequence)),
            init_length=len(INIT),
            sha256=hashlib.sha256(media(sequence)).hexdigest(),
            frames=[Frame(turn * 200_000, 10, turn == 0) for turn in range(5)],
        )

    return make


@pytest.fixture
def fragment(make_fragment: MakeFragment) -> Fragment:
    return make_fragment()
