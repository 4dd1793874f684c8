"""The outside world of api, each part behind a small Protocol."""
