"""What detect is told by its environment."""

from pathlib import Path

from pydantic import Field

from vantage.settings import ServiceSettings


class DetectSettings(ServiceSettings):
    """The settings of detect."""

    detect_model_dir: Path = Field(
        description="Folder with nanodet-288x512.onnx and nanodet-320x416.onnx; `vantage-stack fetch` makes them."
    )
    detect_group: str = Field(
        "vantage-detect",
        description="Consumer group. Replicas of one group share the cameras; another group looks at them all again.",
    )
    detect_threads: int = Field(
        1,
        ge=1,
        le=64,
        description="Threads of one inference. One thread and more replicas do more on the same cores than the other "
        "way round; raise it where a single camera's delay matters more.",
    )
    detect_rate: float = Field(
        5.0,
        ge=0,
        le=25,
        description="Looks a second at a camera that cameras.v1 does not hold (yet). Tracks need 5 or more.",
    )
    detect_stale_seconds: float = Field(
        2.0,
        gt=0,
        description="A fragment whose capture ended longer ago than this is skipped when newer ones of its camera "
        "wait: live rules want the newest picture. Large values look at every fragment, as a backfill wants.",
    )
    detect_batch_seconds: float = Field(
        4.0,
        gt=0,
        le=30,
        description="After this long a batch's fragments that are stale by then are skipped, so that lag cannot grow "
        "and a stop or a handover never waits for a long batch. Keep it below 8 s, in which a stop must be done.",
    )
    detect_lost_seconds: float = Field(
        2.0, gt=0, le=60, description="A track ends when its object was not seen for this long."
    )
