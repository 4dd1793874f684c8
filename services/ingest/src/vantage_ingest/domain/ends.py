"""Why a camera's stream is not there: each cause with what it means for ledger, control room and fitter."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from vantage.contracts.recording import GapCause
from vantage.contracts.status import CameraState


class EndCause(StrEnum):
    """The named causes with which reading a camera ends."""

    UNREACHABLE = "unreachable"
    SILENT = "silent"
    REFUSED = "refused"
    NO_CREDENTIAL = "no-credential"
    BAD_ADDRESS = "bad-address"
    FORBIDDEN_ADDRESS = "forbidden-address"
    REDIRECTED = "redirected"
    UNTRUSTED = "untrusted"
    NOT_HANDLED = "not-handled"
    NO_SUCH_STREAM = "no-such-stream"
    NOT_PLAYED = "not-played"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    UNMASKABLE = "unmaskable"
    MALFORMED = "malformed"
    STALLED = "stalled"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class Meaning:
    """What a cause means: the state shown, the gap's cause, what happened and what to do, in words."""

    state: CameraState
    gap: GapCause
    happened: str
    remedy: str


MEANINGS: Mapping[EndCause, Meaning] = MappingProxyType(
    {
        EndCause.UNREACHABLE: Meaning(
            "offline",
            "camera-unreachable",
            "the camera cannot be reached",
            "check its power and network, and the host and port of its source url",
        ),
        EndCause.SILENT: Meaning(
            "offline",
            "camera-unreachable",
            "the camera does not answer as an RTSP server",
            "check that host and port are those of its RTSP service; restart the camera if they are",
        ),
        EndCause.REFUSED: Meaning(
            "refused",
            "camera-refused",
            "the camera refused the user or the password",
            "correct the file of its credential in VANTAGE_INGEST_CREDENTIALS, or the account on the camera",
        ),
        EndCause.NO_CREDENTIAL: Meaning(
            "refused",
            "camera-refused",
            "the credential that the camera names cannot be used",
            "put a file of that name, holding user:password, into VANTAGE_INGEST_CREDENTIALS",
        ),
        EndCause.BAD_ADDRESS: Meaning(
            "unsupported",
            "camera-unreachable",
            "the source url is not an RTSP address",
            "write it as rtsp://host:port/path or rtsps://host:port/path, without user and password",
        ),
        EndCause.FORBIDDEN_ADDRESS: Meaning(
            "refused",
            "address-refused",
            "the camera's address is not in a network for cameras",
            "correct the address, or add its network to VANTAGE_CAMERA_NETWORKS if cameras stand there",
        ),
        EndCause.REDIRECTED: Meaning(
            "refused",
            "address-refused",
            "the camera sends its readers elsewhere, which is not followed",
            "write the url that it leads to as the source url, if that is the camera's",
        ),
        EndCause.UNTRUSTED: Meaning(
            "refused",
            "camera-refused",
            "the camera's certificate is signed by no known authority",
            "compare its SHA-256 at the camera and write it as the source's certificate, or name the authority in "
            "VANTAGE_INGEST_CAMERA_CA",
        ),
        EndCause.NOT_HANDLED: Meaning(
            "offline",
            "camera-unreachable",
            "the camera asks for what the default reader does not do",
            "nothing: it is opened with the other reader; set the source's reader to ffmpeg to begin with that",
        ),
        EndCause.MALFORMED: Meaning(
            "offline",
            "stream-malformed",
            "what the camera sends is no RTSP stream any more",
            "nothing at once: it is opened again; if it repeats, update its firmware and look at the network",
        ),
        EndCause.NO_SUCH_STREAM: Meaning(
            "offline",
            "camera-unreachable",
            "the camera has no stream at this path",
            "correct the path of its source url, or switch the stream on at the camera",
        ),
        EndCause.NOT_PLAYED: Meaning(
            "offline",
            "camera-refused",
            "the camera answers, but does not play a video",
            "check that the path names a stream with video, not sound alone, and that one more reader is allowed",
        ),
        EndCause.UNSUPPORTED: Meaning(
            "unsupported",
            "codec-unsupported",
            "the camera does not send H.264 or H.265",
            "set the stream's codec at the camera to H.264 or H.265",
        ),
        EndCause.UNREADABLE: Meaning(
            "unsupported",
            "codec-unsupported",
            "the stream's parameter sets are missing or broken",
            "set the codec at the camera anew, or update its firmware",
        ),
        EndCause.UNMASKABLE: Meaning(
            "unsupported",
            "codec-unsupported",
            "the masks cannot be burnt into this stream, so nothing of it is stored",
            "correct the mask that is named, or set the camera to H.264 of at most 8192 x 4608",
        ),
        EndCause.STALLED: Meaning(
            "stalled",
            "stream-stalled",
            "the camera stopped sending",
            "check the network to the camera; restart the camera if it does not come back by itself",
        ),
        EndCause.ENDED: Meaning(
            "offline",
            "stream-ended",
            "the camera ended the stream",
            "nothing at once: it is opened again; if it repeats, look for a limit of readers at the camera",
        ),
        EndCause.FAILED: Meaning(
            "offline",
            "unexplained",
            "reading the stream failed in a way that is not known",
            "look at this service's log; the stream is opened again",
        ),
    }
)
