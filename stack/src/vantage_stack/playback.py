"""Plays a view as any player would, FFmpeg's HLS reader here, and says what was seen."""

from dataclasses import dataclass

import av

from vantage.client import Gateway
from vantage.errors import VantageError

_TIMEOUT_S = (10.0, 20.0)


class NotPlayable(VantageError):
    """The video cannot be played."""


@dataclass(frozen=True)
class Played:
    """What came out of a player: decoded pictures, the seconds between first and last, their size, sound tracks."""

    frames: int
    seconds: float
    width: int
    height: int
    sound_tracks: int


def play(gateway: Gateway, playlist: str, *, most_frames: int = 1_000_000) -> Played:
    """Decode the playlist to its end, or `most_frames` of it. Raises NotPlayable."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in gateway.authorization().items())
    try:
        with av.open(playlist, options={"headers": headers}, timeout=_TIMEOUT_S) as video:
            stream = video.streams.video[0]
            times = []
            for frame in video.decode(stream):
                times.append(frame.time or 0.0)
                if len(times) >= most_frames:
                    break
            seconds = max(times) - min(times) if times else 0.0
            return Played(len(times), seconds, stream.width, stream.height, len(video.streams.audio))
    except (av.FFmpegError, IndexError) as error:
        msg = f"{playlist} does not play: {error}; see the gateway's log"
        raise NotPlayable(msg) from error
