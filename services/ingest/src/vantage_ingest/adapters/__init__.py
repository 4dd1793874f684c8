"""The outside world of ingest, each part behind a small Protocol."""
