"""The outside world of detect, each part behind a small Protocol."""
