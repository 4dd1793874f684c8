"""The index of what is kept."""
