"""Each metric of detect, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge, Histogram

FRAGMENTS = Counter(
    "vantage_detect_fragments",
    "Fragments by outcome: `looked`; `stale` (skipped for a newer one) and `late` (skipped because the batch took too "
    "long): add replicas or lower the rates; `gone` (its pack has expired): look at the lag; `idle` (no frame was "
    "due); `unasked` (the camera is paused or its rate is 0); `repeated` (announced twice or out of order) and "
    "`superseded` (a newer epoch is at work): look at ingest. `unwatched`: of the stream that is not looked at.",
    ["outcome"],
)
LOOKS = Counter("vantage_detect_looks", "Frames looked at.")
SKIPPED_LOOKS = Counter(
    "vantage_detect_skipped_looks", "Frames that the rates asked for and nobody looked at.", ["why"]
)
OBJECTS = Counter("vantage_detect_objects", "Objects seen, by label.", ["label"])
STAGE_SECONDS = Histogram(
    "vantage_detect_stage_seconds",
    "Time of one step, seconds: `decode` (to the next wanted frame, scaled), `network`, `boxes` of a look, `fetch` of "
    "a pack's bytes (waiting only), `tracks` of a batch. `fetch` high: the object store is slow.",
    ["stage"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
AGE_SECONDS = Histogram(
    "vantage_detect_age_seconds",
    "From the end of a fragment's capture to its detections, seconds. Above 2: the replica has too many cameras.",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60),
)
CAMERAS = Gauge("vantage_detect_cameras", "Cameras that this replica follows objects of.")
FOLLOWED = Gauge("vantage_detect_followed", "Objects that are followed now.")
TRACKS = Counter("vantage_detect_tracks", "Finished tracks, by how they ended.", ["ended"])
