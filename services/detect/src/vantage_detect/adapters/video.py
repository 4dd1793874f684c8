"""The frames of one fragment as pictures in the network's size: decoded no further than the last one asked for."""

import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vantage_detect.adapters.network import Picture
from vantage_detect.domain.letterbox import Letterbox
from vantage_detect.errors import Unusable

_NO_PROBING = {"probesize": "32", "fpsprobesize": "0"}
"""The initialisation segment says all there is to know; probing would decode the first frames once for nothing."""
_GREY = 114


class Decoder:
    """Decodes fragments and scales their frames. One thread, because replicas use the cores better."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def pictures(self, data: bytes, wanted: Collection[int], letterbox: Letterbox) -> Iterator[tuple[int, Picture]]:
        """The wanted frames, by index in the order of the samples, from initialisation segment, moof and mdat.

        A frame that the decoder drops is left out. Raises Unusable where nothing can be decoded.
        """
        for index, frame in frames(data, wanted):
            yield index, self._scaled(frame, letterbox)

    def _scaled(self, frame: VideoFrame, letterbox: Letterbox) -> Picture:
        inner = letterbox.inner
        small = self._reformatter.reformat(frame, inner.width, inner.height, "bgr24", interpolation="AREA")
        picture = np.full((letterbox.input.height, letterbox.input.width, 3), _GREY, np.uint8)
        place = picture[letterbox.top : letterbox.top + inner.height, letterbox.left : letterbox.left + inner.width]
        place[:] = small.to_ndarray()
        return picture


def frames(data: bytes, wanted: Collection[int]) -> Iterator[tuple[int, VideoFrame]]:
    """The wanted frames with their index; decoding ends with the last of them. Raises Unusable."""
    left = set(wanted)
    try:
        with _opened(data) as container:
            index_of: dict[int | None, int] = {}
            for packet in container.demux(video=0):
                if packet.size:
                    index_of[packet.pts] = len(index_of)
                for frame in packet.decode():
                    index = index_of.get(frame.pts, -1)
                    if index in left:
                        left.discard(index)
                        yield index, frame
                if not left:
                    return
    except (av.FFmpegError, IndexError) as error:
        msg = f"the fragment's video cannot be decoded: {error}"
        raise Unusable(msg) from error


@contextmanager
def _opened(data: bytes) -> Iterator[InputContainer]:
    with av.open(io.BytesIO(data), "r", format="mp4", options=_NO_PROBING) as container:
        if not container.streams.video:
            msg = "the fragment holds no video"
            raise Unusable(msg)
        container.streams.video[0].thread_type = "NONE"
        container.streams.video[0].thread_count = 1
        yield container
