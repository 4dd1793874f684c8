"""The outside world of storage, each part behind a small Protocol."""
