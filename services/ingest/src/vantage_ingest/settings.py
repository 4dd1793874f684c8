"""What ingest is told by its environment."""

from pydantic import Field

from vantage.settings import ServiceSettings
from vantage_ingest.camera_settings import CameraSettings


class IngestSettings(CameraSettings, ServiceSettings):
    """The settings of ingest."""

    ingest_workers: int = Field(
        0,
        ge=0,
        le=256,
        description="Processes of the default reader; 0 makes one for each core that this process may use.",
    )
    ingest_cameras_per_worker: int = Field(
        600, ge=1, le=2000, description="Cameras that one worker of the default reader takes at most."
    )
    ingest_pin: bool = Field(
        default=True, description="Whether each worker of the default reader stays on a core of its own."
    )
    ingest_ffmpeg_cameras: int = Field(
        50,
        ge=1,
        le=100,
        description="Cameras that one process of FFmpeg's reader takes, a thread each. More threads than 100 hand the "
        "interpreter lock around until all of them are late.",
    )
    ingest_ffmpeg_workers: int = Field(4, ge=1, le=64, description="Processes of FFmpeg's reader, at most.")
    ingest_masked_cameras: int = Field(
        4, ge=1, le=50, description="Cameras that one process takes whose masks it blackens: decoding and encoding."
    )
    ingest_masking_workers: int = Field(4, ge=1, le=256, description="Processes that blacken masks, at most.")
    ingest_attempts_per_second: float = Field(
        50.0, gt=0, description="Cameras that one worker opens a second, so that thousands never come back at once."
    )
    ingest_hang_seconds: float = Field(
        15.0, ge=3, description="A worker that shows no sign of life for so long is ended and started again."
    )
    ingest_strikes: int = Field(
        3,
        ge=1,
        le=10,
        description="How often a camera may end its worker within ten minutes before it is not read any more; after "
        "15 minutes, and twice as long each time, it is tried alone.",
    )
    ingest_handover_seconds: float = Field(
        8.0,
        ge=0,
        le=25,
        description="How long a replica records on what another one took over, unseen. 0 leaves a gap instead, and a "
        "replica that is stopped keeps its partitions for its next start.",
    )
    ingest_tick_ms: int = Field(
        250, ge=50, le=2000, description="How often live fragments are packed. Shorter is fresher and costs more puts."
    )
    ingest_live_queue_mib: int = Field(
        64, ge=1, description="Live fragments that may wait in one worker for the object store, MiB."
    )
    ingest_live_max_age_seconds: float = Field(
        10.0, gt=0, description="A live fragment that waited longer is dropped: stale pictures help no live rule."
    )
    ingest_live_keep_minutes: int = Field(15, ge=1, description="How long packs stay in the object store.")
    ingest_recording_seconds: int = Field(
        60, ge=2, le=60, description="Length of a recording. Shorter loses less with a disk and costs more objects."
    )
    ingest_spool_mib: int = Field(
        20_480,
        ge=1,
        description="The spool's largest size, MiB: how long recording goes on while the object store is away. "
        "100 cameras of 4 Mbit/s write 2.8 GiB a minute. Workers have shares of it by their cameras.",
    )
    ingest_sync_seconds: float = Field(
        5.0, gt=0, description="How often the spool is forced to the disk: what a power cut, not a kill, may cost."
    )
    ingest_upload_threads: int = Field(2, ge=1, le=16, description="Recordings that are uploaded at the same time.")
    ingest_open_timeout_seconds: float = Field(5.0, gt=0, description="How long a camera may take to answer.")
    ingest_read_timeout_seconds: float = Field(
        8.0, gt=0, description="How long a camera may send nothing before it counts as stalled."
    )
    ingest_retry_first_seconds: float = Field(1.0, gt=0, description="First wait before a camera is tried again.")
    ingest_retry_longest_seconds: float = Field(
        30.0,
        gt=0,
        description="Longest wait before a camera is tried again; a refused password always waits this long, so "
        "that the camera does not lock the account.",
    )
    ingest_clock_trust_seconds: float = Field(
        60.0,
        gt=0,
        description="A camera's clock that differs more than this from ours is not believed: capture time is then "
        "estimated from arrival, and the status shows the offset.",
    )
    ingest_status_seconds: float = Field(60.0, gt=0, description="How often an unchanged camera status is repeated.")
    ingest_kafka_grace_seconds: float = Field(
        15.0,
        ge=0,
        description="How long a start waits for the event log before it records what this replica recorded last, "
        "from its own disk.",
    )
    ingest_mask_crf: int = Field(
        23,
        ge=10,
        le=30,
        description="Quality of pictures that masks were burnt into, as libx264's crf: lower is better and larger. "
        "Above 30 a mask's edge may no longer be quite black.",
    )
    ingest_mask_check_seconds: float = Field(
        600.0,
        gt=0,
        le=840,
        description="How often each camera's masks are looked at. An alarm comes within 15 minutes, so at most 14.",
    )
