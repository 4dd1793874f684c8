"""From the bytes of a fragment to what is seen in the frames that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from vantage.contracts import Fragment
from vantage_detect import metrics
from vantage_detect.adapters.network import Network
from vantage_detect.adapters.video import Decoder
from vantage_detect.domain.candidates import Sighting, sightings
from vantage_detect.domain.letterbox import Size, best_fit
from vantage_detect.errors import Unusable


@dataclass(frozen=True)
class Look:
    """One frame that was looked at: its capture time (UTC microseconds) and all sightings, unsure ones too."""

    at_us: int
    sightings: list[Sighting]


@dataclass(frozen=True)
class Looked:
    """What was seen in a fragment, by the network of that digest; `missed` frames could not be decoded."""

    digest: str
    looks: list[Look]
    missed: int


class Analyser:
    """Decodes, scales, detects. One thread at a time."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = {network.size: network for network in networks}
        self._decoder = Decoder()

    def digest_for(self, fragment: Fragment) -> str:
        """The digest of the network whose input fits the fragment's picture best."""
        return self._networks[best_fit(_size(fragment), self._networks).input].digest

    def look(self, data: bytes, fragment: Fragment, wanted: Sequence[int]) -> Looked:
        """See what is in the wanted frames, by index. Times come from the message, never from the video.

        Raises Unusable where the bytes are no video that can be decoded.
        """
        letterbox = best_fit(_size(fragment), self._networks)
        network = self._networks[letterbox.input]
        looks = []
        pictures = self._decoder.pictures(data, wanted, letterbox)
        while True:
            with metrics.STAGE_SECONDS.labels("decode").time():
                found = next(pictures, None)
            if found is None:
                break
            index, picture = found
            with metrics.STAGE_SECONDS.labels("network").time():
                boxes, scores = network.detect(picture)
            with metrics.STAGE_SECONDS.labels("boxes").time():
                seen = sightings(boxes, scores, letterbox)
            looks.append(Look(fragment.start + fragment.frames[index].after_us, seen))
        if wanted and not looks:
            msg = f"none of the {len(wanted)} frames asked for can be decoded"
            raise Unusable(msg)
        return Looked(network.digest, looks, len(wanted) - len(looks))


def _size(fragment: Fragment) -> Size:
    return Size(fragment.picture.width, fragment.picture.height)
