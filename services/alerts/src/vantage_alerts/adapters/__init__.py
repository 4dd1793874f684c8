"""The outside world of alerts, each part behind a small Protocol."""
