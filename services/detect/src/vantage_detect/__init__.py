"""Fragments in, detections and tracks out."""
