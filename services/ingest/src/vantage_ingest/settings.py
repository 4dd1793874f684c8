"""What ingest is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """The settings of ingest."""

    ingest_credentials: Path | None = Field(
        None,
        description="A folder with the cameras' credentials, as a mounted Kubernetes Secret: the file that a camera's "
        "`credential` names holds user:password. It is read at each connection, so a changed one needs no restart.",
    )
    ingest_max_cameras: int = Field(
        100,
        ge=1,
        le=100,
        description="Cameras that one process reads, a thread each. More threads than 100 hand the interpreter lock "
        "around until all of them are late: add replicas instead.",
    )
    ingest_tick_ms: int = Field(
        250, ge=50, le=2000, description="How often live fragments are packed. Shorter is fresher and costs more puts."
    )
    ingest_live_queue_mib: int = Field(
        64, ge=1, description="Live fragments that may wait for the object store, MiB; the oldest are dropped first."
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
        "100 cameras of 4 Mbit/s write 2.8 GiB a minute.",
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
