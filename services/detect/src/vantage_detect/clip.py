"""A clip as the fragments that a camera's video would become, to profile and test the way from bytes to detections."""

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from vantage.contracts import Fragment
from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage.ids import fragment_id
from vantage_detect.domain.letterbox import Size
from vantage_detect.errors import Unusable

_CMAF = "+cmaf+frag_keyframe+empty_moov+default_base_moof"


@dataclass(frozen=True)
class Piece:
    """One fragment: initialisation segment, moof and mdat, and the size of each frame in bytes."""

    init: bytes
    media: bytes
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Clip:
    """A clip in fragments of about a second; `fps` frames a second, `size` in pixels."""

    pieces: tuple[Piece, ...]
    fps: int
    size: Size

    def announce(
        self, number: int, camera_id: str, *, epoch: int, start_us: int, bucket: str, pack: str, offset: int = 0
    ) -> Fragment:
        """The message of the piece with that number, of a camera whose clip began at `start_us`, in that pack."""
        piece = self.pieces[number]
        frame_us = 1_000_000 // self.fps
        before = sum(len(earlier.sizes) for earlier in self.pieces[:number])
        start = start_us + before * frame_us
        return Fragment(
            fragment_id=fragment_id(camera_id, epoch, start),
            camera_id=camera_id,
            epoch=epoch,
            sequence=number,
            start=start,
            duration=len(piece.sizes) * frame_us,
            clock=Clock(quality="ntp", offset_us=0),
            picture=Picture(codec="avc1.64001F", width=self.size.width, height=self.size.height),
            bucket=bucket,
            pack=pack,
            offset=offset,
            length=len(piece.init) + len(piece.media),
            init_length=len(piece.init),
            sha256=hashlib.sha256(piece.media).hexdigest(),
            frames=[Frame(turn * frame_us, size, turn == 0) for turn, size in enumerate(piece.sizes)],
        )


def encode(source: Path, size: Size, fps: int, seconds: int, crf: int = 23) -> Clip:
    """The source as a camera would send it: H.264, a keyframe each second, no B-frames; `fps` its own or another.

    Raises Unusable where the source is no video.
    """
    try:
        return Clip(tuple(_pieces(_encoded(source, size, fps, seconds, crf))), fps, size)
    except (av.FFmpegError, IndexError) as error:
        msg = f"{source} is no video that can be read: {error}"
        raise Unusable(msg) from error


def native(source: Path, seconds: int) -> Clip:
    """The source in its own size and rate. Raises Unusable."""
    try:
        with av.open(str(source), "r") as reader:
            stream = reader.streams.video[0]
            size = Size(stream.width - stream.width % 2, stream.height - stream.height % 2)
            fps = max(1, round(stream.average_rate or 25))
    except (av.FFmpegError, IndexError) as error:
        msg = f"{source} is no video that can be read: {error}"
        raise Unusable(msg) from error
    return encode(source, size, fps, seconds)


def _encoded(source: Path, size: Size, fps: int, seconds: int, crf: int) -> bytes:
    memory = io.BytesIO()
    with av.open(str(source)) as reader, av.open(memory, "w", format="mp4", options={"movflags": _CMAF}) as writer:
        options = {"preset": "veryfast", "crf": str(crf), "g": str(fps), "bf": "0", "x264-params": "scenecut=0"}
        stream = writer.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        for turn, frame in enumerate(reader.decode(video=0)):
            if turn == fps * seconds:
                break
            scaled = frame.reformat(size.width, size.height, "yuv420p")
            scaled.pts, scaled.time_base, scaled.pict_type = turn, Fraction(1, fps), 0
            writer.mux(stream.encode(scaled))
        writer.mux(stream.encode())
    return memory.getvalue()


def _pieces(video: bytes) -> Iterator[Piece]:
    boxes = list(_boxes(video))
    init = b"".join(data for kind, data in boxes if kind in {"ftyp", "moov"})
    for (kind, moof), (_, mdat) in pairwise(boxes):
        if kind == "moof":
            yield Piece(init, moof + mdat, tuple(_sizes(init + moof + mdat)))


def _boxes(video: bytes) -> Iterator[tuple[str, bytes]]:
    """The top-level boxes (ISO/IEC 14496-12, 4.2): a 32-bit length, a kind of four letters, the content."""
    at = 0
    while at < len(video):
        length, kind = struct.unpack_from(">I4s", video, at)
        yield kind.decode("ascii"), video[at : at + length]
        at += length


def _sizes(fragment: bytes) -> Iterator[int]:
    with av.open(io.BytesIO(fragment), "r", format="mp4") as reader:
        yield from (packet.size for packet in reader.demux(video=0) if packet.size)
