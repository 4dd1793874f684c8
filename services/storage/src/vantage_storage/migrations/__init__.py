"""The schema `storage`, as numbered steps. An applied step is never edited."""
