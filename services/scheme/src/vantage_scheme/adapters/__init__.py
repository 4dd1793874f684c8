"""The outside world of scheme, each part behind a small Protocol."""
