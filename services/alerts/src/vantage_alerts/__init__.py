"""Detections in, alerts out, and their life until closed."""
