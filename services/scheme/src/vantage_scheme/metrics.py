"""Each metric of scheme, named once, with what it means and what to do when it is bad."""

from prometheus_client import Counter, Gauge

PROBLEMS = Gauge("vantage_scheme_problems", "Faults in the camera and rules files. Each is in the log with its line.")
CAMERAS = Gauge(
    "vantage_scheme_cameras",
    "Cameras by published state. More `paused` than planned: look for `paused` in the log, each has its reason.",
    ["state"],
)
PUBLISHED = Counter("vantage_scheme_published", "Changes published, by topic.", ["topic"])
NEXT_EXPIRY = Gauge(
    "vantage_scheme_next_expiry_seconds",
    "UTC seconds at which the next authority ends or notice begins; 0: none. Renew the authority before.",
)
