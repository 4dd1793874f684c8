"""Cameras in, fragments and recordings out."""
