"""The schema `api`, step by step."""
